"""How much may be paid how fast: limits per debtor account over calendar windows, and what was used of them. Pure.

A window is the calendar minute, hour, day or month in UTC in which the payment's transaction began; at its end counting
starts again. What was reversed later stays used.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from payment_engine.money import exponent

COUNTABLE: Final = 2**63 - 1
"""Usage is counted in a BIGINT: what it can't count is over every limit."""
EVERY_TYPE: Final = ""
"""Stands in place of a payment type's code where payments of all types are counted together."""


class Window(StrEnum):
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    MONTH = "MONTH"

    def start(self, moment: datetime) -> datetime:
        """When the window that holds this moment began."""
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        match self:
            case Window.MINUTE:
                return minute
            case Window.HOUR:
                return minute.replace(minute=0)
            case Window.DAY:
                return minute.replace(hour=0, minute=0)
            case Window.MONTH:
                return minute.replace(day=1, hour=0, minute=0)

    def end(self, moment: datetime) -> datetime:
        """When the next one begins."""
        start = self.start(moment)
        match self:
            case Window.MINUTE:
                return start + timedelta(minutes=1)
            case Window.HOUR:
                return start + timedelta(hours=1)
            case Window.DAY:
                return start + timedelta(days=1)
            case Window.MONTH:
                return (start + timedelta(days=31)).replace(day=1)


class VelocityLimit(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """At most so many payments, and so much in total (major units), per debtor account and window."""

    window: Window
    max_count: int | None = None
    max_amount: Decimal | None = None


class Used(Struct, frozen=True):
    amount_minor: int = 0
    count: int = 0

    def plus(self, amount_minor: int, count: int = 1) -> "Used":
        return Used(self.amount_minor + amount_minor, self.count + count)


class MinorLimit(NamedTuple):
    """A limit in minor units of one currency. `counted_as` is a payment type's code, or EVERY_TYPE."""

    counted_as: str
    window: Window
    max_count: int | None
    max_minor: int


Counter = tuple[str, Window]
"""What is counted of an account: payments of which type, in the current window of which kind."""
UsageOfAccount = Mapping[Counter, Used]


class UsageKey(NamedTuple):
    account_id: UUID
    counted_as: str
    window: Window


class UsageRow(NamedTuple):
    """Usage as read under the account's lock. `unrecorded` is the part of it that is not in `limit_usages` yet."""

    key: UsageKey
    used: Used
    unrecorded: Used
    counted_until: datetime | None


def limit_in_minor_units(limit: VelocityLimit, currency: str, *, counted_as: str) -> MinorLimit:
    digits = exponent(currency)
    most = COUNTABLE if limit.max_amount is None else min(int(limit.max_amount.scaleb(digits)), COUNTABLE)
    return MinorLimit(counted_as=counted_as, window=limit.window, max_count=limit.max_count, max_minor=most)


class RunningUsage:
    """What the accounts of one batch have used: as read, and with each payment the batch allows."""

    def __init__(self, rows: Iterable[UsageRow] = ()) -> None:
        self._rows = {row.key: row for row in rows}
        self._of: dict[UUID, dict[Counter, Used]] = {}
        self._added: dict[UsageKey, Used] = {}
        for row in self._rows.values():
            self._of.setdefault(row.key.account_id, {})[row.key.counted_as, row.key.window] = row.used

    def of(self, account_id: UUID) -> UsageOfAccount:
        return self._of.get(account_id, {}) if self._of else {}

    def add(self, account_id: UUID, limits: tuple[MinorLimit, ...], amount_minor: int) -> None:
        used = self._of.setdefault(account_id, {})
        for counter in {(limit.counted_as, limit.window) for limit in limits}:
            key = UsageKey(account_id, *counter)
            used[counter] = used.get(counter, Used()).plus(amount_minor)
            self._added[key] = self._added.get(key, Used()).plus(amount_minor)

    def to_record(self, now: datetime) -> list[UsageRow]:
        """What the batch adds, together with what had not been recorded before; in key order, so that two batches never deadlock."""
        return [self._to_record(key, now) for key in sorted(self._added)]

    def _to_record(self, key: UsageKey, now: datetime) -> UsageRow:
        read, added = self._rows.get(key), self._added[key]
        if read is None:
            return UsageRow(key, added, added, now)
        until = now if read.counted_until is None else max(now, read.counted_until)
        return UsageRow(
            key,
            self._of[key.account_id][key.counted_as, key.window],
            added.plus(read.unrecorded.amount_minor, read.unrecorded.count),
            until,
        )
