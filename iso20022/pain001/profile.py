"""What this bank does on top of the standard. Profiles are data: a tenant or scheme may bring its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The base profile tolerates what banks tolerate: no control sum, NOTPROVIDED, several blocks and currencies, dates gone by."""

    name: str = "base"
    payment_methods: frozenset[str] = frozenset({"TRF"})
    days_ahead: int = 366
    """A requested date later than this is refused (CH03)."""
    payments_at_most: int = 50_000


BASE = Profile()
