"""Finishing messages that a process left half done."""


def resume_messages() -> int:
    """Returns how many transfers were processed."""
    return 0
