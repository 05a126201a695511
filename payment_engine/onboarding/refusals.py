"""Errors on one line."""

from payment_engine.errors import EngineError


def refusal(error: EngineError) -> str:
    """What is wrong and where, in one line."""
    offences = "; ".join(f"{offence.pointer[1:].replace('/', '.')}: {offence.detail}" for offence in error.errors)
    return " ".join((offences or error.detail).split())
