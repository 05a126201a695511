"""The value-date engine: from when a payment counts, and why. Pure functions, no database, no clock.

A payment is of the day on which it is received, on the clock of the cut-off's time zone, if it comes strictly before the
cut-off: with a cut-off of 15:00, 14:59:59.999999 is in and 15:00:00 is late. Then the first business day counts.

The cut-off of a day passes at the first instant at which the clock shows it or a later time. That settles the two days on
which clocks change (PEP 495): a cut-off that the clock skips passes as it jumps (02:30, when 03:00 follows on 02:00), and of
one that it shows twice the first counts (fold=0), so that nobody who was late is in again an hour later.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from payment_engine.errors import ValidationFailed
from payments.calendars import EVERY_DAY, KEPT_BY_CODE, ROLL_LIMIT_DAYS, BusinessCalendar, ClosedBy, check_year

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_UNCHANGED: Final = timedelta(0)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MIDNIGHT: Final = time()


class ReasonCode(StrEnum):
    RECEIVED_BEFORE_CUT_OFF = "RECEIVED_BEFORE_CUT_OFF"
    RECEIVED_AFTER_CUT_OFF = "RECEIVED_AFTER_CUT_OFF"
    RECEIVED_ON_CLOSED_DAY = "RECEIVED_ON_CLOSED_DAY"
    NO_CUT_OFF = "NO_CUT_OFF"
    REQUESTED_DATE = "REQUESTED_DATE"
    CLOCKS_FORWARD = "CLOCKS_FORWARD"
    CLOCKS_BACK = "CLOCKS_BACK"
    CUT_OFF_SKIPPED = "CUT_OFF_SKIPPED"
    CUT_OFF_REPEATED = "CUT_OFF_REPEATED"
    WEEKEND = "WEEKEND"
    HOLIDAY = "HOLIDAY"
    CLOSED_BY_TENANT = "CLOSED_BY_TENANT"
    OPENED_BY_TENANT = "OPENED_BY_TENANT"


_CLOSED: Final = {
    ClosedBy.WEEKEND: ReasonCode.WEEKEND,
    ClosedBy.HOLIDAY: ReasonCode.HOLIDAY,
    ClosedBy.TENANT: ReasonCode.CLOSED_BY_TENANT,
}
_SENTENCES: Final = {
    ReasonCode.RECEIVED_BEFORE_CUT_OFF: "Received on {day} at {0} {1}, before the cut-off at {2}: it is a payment of this day.",
    ReasonCode.RECEIVED_AFTER_CUT_OFF: "Received on {day} at {0} {1}, not before the cut-off at {2}: it is a payment of the next day.",
    ReasonCode.RECEIVED_ON_CLOSED_DAY: "Received on {day} at {0} {1}, which is no business day of {2}: a cut-off does not matter.",
    ReasonCode.NO_CUT_OFF: "Received on {day} at {0} {1}; there is no cut-off: it is a payment of this day.",
    ReasonCode.REQUESTED_DATE: "The payment asks for {day}.",
    ReasonCode.CLOCKS_FORWARD: "Clocks in {0} go forward by {1} minutes on {day}.",
    ReasonCode.CLOCKS_BACK: "Clocks in {0} go back by {1} minutes on {day}.",
    ReasonCode.CUT_OFF_SKIPPED: "The clock never shows {0} on {day}: the cut-off passes as it jumps over it.",
    ReasonCode.CUT_OFF_REPEATED: "The clock shows {0} twice on {day}: the first time is the cut-off.",
    ReasonCode.WEEKEND: "{day} is a day of the weekend in {0}.",
    ReasonCode.HOLIDAY: "{day} is a holiday in {0}: {1}.",
    ReasonCode.CLOSED_BY_TENANT: "{day} is no business day in {0} by the tenant's own calendar: {1}.",
    ReasonCode.OPENED_BY_TENANT: "{day} is a business day in {0} by the tenant's own calendar: {1}.",
}


class Reason(Struct, frozen=True):
    """One step on the way to the value date. The sentence is made when somebody reads it, not for every payment."""

    code: ReasonCode
    date: date
    facts: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        return _SENTENCES[self.code].format(*map(_shown, self.facts), day=f"{_WEEKDAYS[self.date.weekday()]} {self.date}")


def _shown(fact: object) -> object:
    match fact:
        case datetime():
            return fact.strftime("%H:%M:%S")
        case time():
            return format_cut_off(fact)
        case _:
            return fact


class ValueDate(Struct, frozen=True, kw_only=True):
    """`local_time` is when it was received on the clock that the cut-off is read from; `business_day`: whether that day is one."""

    date: date
    local_time: datetime
    business_day: bool
    reasons: tuple[Reason, ...]


def value_date(
    *, at: datetime, cut_off: time | None, time_zone: str, calendar: BusinessCalendar, requested: date | None = None
) -> ValueDate:
    """The value date of a payment received `at` (aware); not before the `requested` execution date.

    Never before the day of receipt, always a business day of the calendar, and never earlier for a later `at`. Raises
    DateOutOfRange beyond the years that calendars reach, ValidationFailed when the calendar has no business day for a year.
    """
    assert at.tzinfo is not None, "an instant has a time zone"  # noqa: S101  # doors refuse times without one
    check_year(at.year)
    local = at.astimezone(_zone(time_zone))
    today = local.date()
    open_today = calendar.is_business_day(today)
    late = open_today and cut_off is not None and _has_passed(cut_off, local)
    reasons = [_receipt(local, cut_off if open_today else None, late=late, open_today=open_today, calendar=calendar)]
    change = _clock_change(time_zone, today)
    if change:
        reasons.extend(_clock_reasons(local, change, cut_off if open_today else None))
    first = today + _DAY if late else today
    if requested is not None and requested > first:
        check_year(requested.year)
        reasons.append(Reason(ReasonCode.REQUESTED_DATE, requested))
        first = requested
    day = _first_business_day(first, calendar, reasons)
    return ValueDate(date=day, local_time=local, business_day=open_today, reasons=tuple(reasons))


class ValueDateRule(Struct, frozen=True, kw_only=True):
    """What a payment type says about value dates, ready to be applied."""

    cut_off: time | None
    time_zone: str
    calendar: BusinessCalendar

    def value_date(self, at: datetime, *, requested: date | None = None) -> ValueDate:
        return value_date(at=at, cut_off=self.cut_off, time_zone=self.time_zone, calendar=self.calendar, requested=requested)


EVERY_DAY_IN_UTC: Final = ValueDateRule(cut_off=None, time_zone="UTC", calendar=KEPT_BY_CODE[EVERY_DAY])
"""Of payment types that say nothing about value dates."""


def _receipt(local: datetime, cut_off: time | None, *, late: bool, open_today: bool, calendar: BusinessCalendar) -> Reason:
    today = local.date()
    if not open_today:
        return Reason(ReasonCode.RECEIVED_ON_CLOSED_DAY, today, (local, local.tzinfo, calendar.code))
    if cut_off is None:
        return Reason(ReasonCode.NO_CUT_OFF, today, (local, local.tzinfo))
    code = ReasonCode.RECEIVED_AFTER_CUT_OFF if late else ReasonCode.RECEIVED_BEFORE_CUT_OFF
    return Reason(code, today, (local, local.tzinfo, cut_off))


def _has_passed(cut_off: time, local: datetime) -> bool:
    if local.time() >= cut_off:
        return True
    if not local.fold:
        return False
    # The clock shows these times for the second time, so it may have shown the cut-off already.
    return datetime.combine(local.date(), cut_off, local.tzinfo).astimezone(UTC) <= local.astimezone(UTC)


def _clock_reasons(local: datetime, change: timedelta, cut_off: time | None) -> Iterator[Reason]:
    forward = change > _UNCHANGED
    today = local.date()
    code = ReasonCode.CLOCKS_FORWARD if forward else ReasonCode.CLOCKS_BACK
    yield Reason(code, today, (local.tzinfo, abs(change) // _MINUTE))
    if cut_off is None:
        return
    first = datetime.combine(today, cut_off, local.tzinfo)
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        yield Reason(ReasonCode.CUT_OFF_SKIPPED if forward else ReasonCode.CUT_OFF_REPEATED, today, (cut_off,))


@lru_cache(maxsize=4096)
def _clock_change(time_zone: str, day: date) -> timedelta:
    """By how much clocks go forward (back: negative) between this midnight and the next."""
    zone = _zone(time_zone)
    start, end = (datetime.combine(midnight, _MIDNIGHT, zone).utcoffset() for midnight in (day, day + _DAY))
    assert start is not None, "a zone has an offset at any time"  # noqa: S101  # tells the type checker
    assert end is not None, "a zone has an offset at any time"  # noqa: S101  # tells the type checker
    return end - start


def _first_business_day(day: date, calendar: BusinessCalendar, reasons: list[Reason]) -> date:
    for _ in range(ROLL_LIMIT_DAYS):
        closing = calendar.closing(day)
        if closing is None:
            own = calendar.own_days.get(day)
            if own is not None:
                reasons.append(Reason(ReasonCode.OPENED_BY_TENANT, day, (calendar.code, own.name)))
            return day
        reasons.append(Reason(_CLOSED[closing.by], day, (calendar.code, closing.name)))
        day += _DAY
    raise ValidationFailed(f"{calendar.code} has no business day within {ROLL_LIMIT_DAYS} days")


def format_cut_off(cut_off: time) -> str:
    """15:00, and 15:00:30 where there are seconds."""
    return cut_off.isoformat("seconds" if cut_off.second else "minutes")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_time_zone(name: str) -> bool:
    """Whether this is a name of the IANA time zone database, such as Europe/Berlin."""
    return name in time_zone_names()


@lru_cache(maxsize=1)
def time_zone_names() -> frozenset[str]:
    """Those of regions: Europe/Berlin, UTC. The database's files `localtime` and `Factory` name no place."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}
