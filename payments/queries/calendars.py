"""The calendars of the tenant in context, compiled; reading them costs no I/O while its configuration stands still."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from config_mgmt.snapshots import SnapshotCache
from payment_engine.api.errors import at
from payments.calendars import EVERY_DAY, KEPT_BY_CODE, KEPT_CALENDARS, BusinessCalendar, OwnDay, read_ahead
from payments.errors import CalendarUnknown, TimeZoneUnknown
from payments.models import CalendarDay, TenantCalendar
from payments.value_dates import ValueDateRule, is_time_zone, time_zone_names

_WEEKDAYS: Final = {weekday: number for number, weekday in enumerate(TenantCalendar.Weekday)}
_OwnDays = Mapping[str, Mapping[date, OwnDay]]


def current_calendars() -> Mapping[str, BusinessCalendar]:
    """By code and by alias: those kept for all with the tenant's own days on top, and the tenant's own."""
    return _snapshots.current()


def find_calendar(code: str, *, pointer: str = "/calendar") -> BusinessCalendar:
    """Raises CalendarUnknown, which names the calendars that look like it."""
    calendars = current_calendars()
    found = calendars.get(code)
    if found is None:
        near = get_close_matches(code.upper(), calendars, n=3, cutoff=0.5)
        known = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"there are {', '.join(dict.fromkeys(calendar.code for calendar in calendars.values()))}"
        )
        raise at(pointer, CalendarUnknown(f"there is no such calendar; {known}"))
    return found


def check_time_zone(name: str, *, pointer: str = "/timeZone") -> None:
    """Raises TimeZoneUnknown, which names those that look like it."""
    if not is_time_zone(name):
        near = get_close_matches(name, time_zone_names(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "Europe/Berlin is one"
        raise at(pointer, TimeZoneUnknown(f"the IANA database has no such time zone; {hint}"))


def value_date_rule(*, cut_off: time | None, time_zone: str, calendar: str, pointer: str = "/calendar") -> ValueDateRule:
    """The rule of a payment type's columns. Without a calendar every day counts, without a time zone the calendar's own does."""
    found = find_calendar(calendar or EVERY_DAY, pointer=pointer)
    return ValueDateRule(cut_off=cut_off, time_zone=time_zone or found.time_zone, calendar=found)


def _load(_revision: int) -> Mapping[str, BusinessCalendar]:
    read_ahead()
    days = _own_days()
    own = [_compile(row, days) for row in TenantCalendar.objects.order_by("code")]
    kept = [replace(calendar, own_days=days[calendar.code]) if calendar.code in days else calendar for calendar in KEPT_CALENDARS]
    return MappingProxyType({code: calendar for calendar in (*own, *kept) for code in (calendar.code, *calendar.aliases)})


def _own_days() -> _OwnDays:
    days: dict[str, dict[date, OwnDay]] = defaultdict(dict)
    rows = CalendarDay.objects.order_by("calendar", "date").values_list("calendar", "date", "is_business_day", "name")
    for calendar, day, is_business_day, name in rows:
        days[calendar][day] = OwnDay(is_business_day, name)
    return {code: MappingProxyType(of_calendar) for code, of_calendar in days.items()}


def _compile(row: TenantCalendar, days: _OwnDays) -> BusinessCalendar:
    return BusinessCalendar(
        code=row.code,
        name=row.name,
        time_zone=row.time_zone,
        base=row.base,
        holidays_of=KEPT_BY_CODE[row.base].holidays_of,
        weekend=frozenset(_WEEKDAYS[TenantCalendar.Weekday(weekday)] for weekday in row.weekend),
        own_days=days.get(row.code, MappingProxyType({})),
    )


_snapshots: Final = SnapshotCache(_load)
