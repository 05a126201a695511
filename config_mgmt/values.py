"""What crosses the border of configuration changes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes configuration: the client or user name, and the person behind it, whose other clients count as the same."""

    name: str
    person: str
