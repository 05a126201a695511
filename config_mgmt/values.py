"""What crosses the border of configuration changes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes configuration: the client or user name, and the person behind it, whose other clients count as the same.

    `is_platform` is for those who may decide about what only the platform changes. `is_answered_for` is False for a client
    that names no person: it may be that of anybody, so it approves nothing.
    """

    name: str
    person: str
    is_platform: bool = False
    is_answered_for: bool = True

    def is_one_of(self, *names: str) -> bool:
        """Whether these names, of clients, users or persons, are this actor's too. Case and space around them make no other person."""
        return not {_plain(name) for name in names}.isdisjoint({_plain(self.name), _plain(self.person)})


def _plain(name: str) -> str:
    return name.strip().casefold()
