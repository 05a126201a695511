"""Journals before they are posted, and accounts while they are locked. Pure values, no database.

Structs rather than dataclasses: a file brings tens of thousands of them, and dataclasses are slow to make.
"""

from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct

from payment_engine.money import MAX_DIGITS

BALANCE_MAX_MINOR: Final = 10**MAX_DIGITS - 1
"""The most an account holds: what a statement can say, too."""
_STORED_AT_MOST: Final = 2**63 - 1


class Leg(Struct, frozen=True, kw_only=True, gc=False):
    """One side of a movement: minor units on an account, credit positive."""

    account_id: UUID
    amount_minor: int
    currency: str


class JournalDraft(Struct, frozen=True, kw_only=True, gc=False):
    """A journal to be posted. Its legs sum to zero per currency and there are at least two."""

    id: UUID
    kind: str
    value_date: date
    legs: tuple[Leg, ...]
    payment_id: UUID | None = None
    description: str = ""
    created_by: str = ""

    def __post_init__(self) -> None:
        assert len(self.legs) >= 2, "a journal has at least two legs"  # noqa: PLR2004, S101  # the impossible, said aloud
        totals: dict[str, int] = {}
        for leg in self.legs:
            totals[leg.currency] = totals.get(leg.currency, 0) + leg.amount_minor
        assert not any(totals.values()), "a journal's legs sum to zero per currency"  # noqa: S101


class LockedAccount(Struct):
    """An account row while its lock is held. `booked_minor` and `version` move as journals are posted.

    The fields up to `version` are columns of the table, read in this order.
    """

    id: UUID
    iban: str | None
    currency: str
    role: str
    status: str
    append_only: bool
    booked_minor: int
    held_minor: int
    overdraft_limit_minor: int
    version: int
    promised_minor: int = 0

    @property
    def running_booked_minor(self) -> int:
        """The booked balance once everything promised so far is posted."""
        return self.booked_minor - self.promised_minor

    @property
    def available_minor(self) -> int:
        return self.running_booked_minor - self.held_minor + self.overdraft_limit_minor

    def has_room_for(self, amount_minor: int) -> bool:
        return self.running_booked_minor + amount_minor <= BALANCE_MAX_MINOR and self.available_minor + amount_minor <= _STORED_AT_MOST

    def promise(self, amount_minor: int) -> None:
        """Later items of the batch see what this one takes away (or, negative, brings) before it is posted."""
        self.promised_minor += amount_minor
