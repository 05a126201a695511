"""Departing from the calendars kept for all: a tenant's own days and own calendars. Each change is told in the outbox."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from django.db import transaction

from accounts.rules import check_text
from config_mgmt.bell import ring_on_commit
from config_mgmt.operations.changes import database_now, lock_configuration
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.api.errors import at
from payment_engine.errors import DateOutOfRange, FieldError, ValidationFailed
from payment_engine.observability.correlation import correlation_id
from payments.calendars import FIRST_YEAR, KEPT_BY_CODE, KEPT_CODES, LAST_YEAR
from payments.errors import CalendarDayExists, CalendarDayUnknown, CalendarKept
from payments.models import CalendarDay, TenantCalendar
from payments.queries.calendars import check_time_zone, find_calendar
from tenants.context import current_tenant_id

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)
_NAME_LENGTH: Final = 140
_DAYS_A_WEEK: Final = 7
DayCheck = Callable[[CalendarDay | None], None]
CalendarCheck = Callable[[TenantCalendar | None], None]


def _anything(_current: object) -> None:
    """No precondition."""


@transaction.atomic
def save_calendar_day(
    *,
    calendar: str,
    day: date,
    is_business_day: bool,
    name: str,
    actor: Actor,
    reason: str = "",
    precondition: DayCheck = _anything,
) -> CalendarDay:
    """Make `day` a business day or not, whatever the calendar says; payments from now on follow it.

    Saying the same again changes nothing. Locks the tenant's configuration; `precondition` then sees the tenant's own
    day as it is, None if there is none. Raises CalendarUnknown or ValidationFailed.
    """
    code = find_calendar(calendar).code
    check_day(day)
    _check_name(name)
    lock_configuration()
    current = find_own_day(code, day)
    precondition(current)
    if current is not None and (current.is_business_day, current.name) == (is_business_day, name):
        return current
    was = _facts(current)
    saved = current or CalendarDay(calendar=code, date=day)
    saved.is_business_day, saved.name = is_business_day, name
    _sign(saved, actor)
    saved.save()
    _tell(saved, key=f"{code}/{day}", is_now=_facts(saved), was=was, actor=actor, reason=reason)
    return saved


def add_calendar_day(*, calendar: str, day: date, is_business_day: bool, name: str, actor: Actor, reason: str = "") -> CalendarDay:
    """As `save_calendar_day`, for a day the tenant has said nothing about yet; raises CalendarDayExists."""

    def check_is_new(current: CalendarDay | None) -> None:
        if current is not None:
            raise CalendarDayExists("the tenant has its own word about this day already; change it with PUT")

    return save_calendar_day(
        calendar=calendar, day=day, is_business_day=is_business_day, name=name, actor=actor, reason=reason, precondition=check_is_new
    )


@transaction.atomic
def remove_calendar_day(*, calendar: str, day: date, actor: Actor, reason: str = "", precondition: DayCheck = _anything) -> None:
    """Let the calendar itself speak for `day` again. Locks the tenant's configuration. Raises CalendarDayUnknown."""
    code = find_calendar(calendar).code
    lock_configuration()
    current = find_own_day(code, day)
    precondition(current)
    if current is None:
        raise CalendarDayUnknown("the tenant has no day of its own at this date")
    _tell(current, key=f"{code}/{day}", is_now=None, was=_facts(current), actor=actor, reason=reason)
    current.delete()


@transaction.atomic
def save_calendar(
    *,
    code: str,
    name: str,
    base: str,
    actor: Actor,
    weekend: list[str] | None = None,
    time_zone: str | None = None,
    reason: str = "",
    precondition: CalendarCheck = _anything,
) -> TenantCalendar:
    """Make or change a calendar of the tenant's own. It stays for good, as payment types may name it.

    `base` is a kept calendar: its holidays are observed, its weekend and time zone are taken where none are given. The
    same again changes nothing. Locks the tenant's configuration. Raises CalendarKept, TimeZoneUnknown or ValidationFailed with pointers.
    """
    if code in KEPT_CODES:
        raise CalendarKept("a calendar that is kept for all tenants is not changed; single days of it are")
    errors = list(_errors(code, base, weekend))
    if errors:
        raise ValidationFailed("this can't be a calendar", errors=errors)
    _check_name(name)
    if time_zone is not None:
        check_time_zone(time_zone)
    lock_configuration()
    current = find_own_calendar(code)
    precondition(current)
    kept = KEPT_BY_CODE[base]
    days = [
        day.value for number, day in enumerate(TenantCalendar.Weekday) if (number in kept.weekend if weekend is None else day in weekend)
    ]
    values = {"name": name, "base": base, "weekend": days, "time_zone": time_zone or kept.time_zone}
    if current is not None and all(getattr(current, field) == value for field, value in values.items()):
        return current
    was = _facts(current)
    saved = current or TenantCalendar(code=code)
    for field, value in values.items():
        setattr(saved, field, value)
    _sign(saved, actor)
    saved.save()
    _tell(saved, key=code, is_now=_facts(saved), was=was, actor=actor, reason=reason)
    return saved


def find_own_day(calendar: str, day: date) -> CalendarDay | None:
    """The tenant's own word about a day; `calendar` is a code, not an alias."""
    return CalendarDay.objects.filter(tenant_id=current_tenant_id(), calendar=calendar, date=day).first()


def find_own_calendar(code: str) -> TenantCalendar | None:
    return TenantCalendar.objects.filter(tenant_id=current_tenant_id(), code=code).first()


def check_day(day: date, pointer: str = "/date") -> None:
    """Raises DateOutOfRange for a date that no calendar reaches."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise at(pointer, DateOutOfRange(f"calendars reach from {FIRST_YEAR} to {LAST_YEAR}"))


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _NAME_LENGTH:
        detail = f"a name has 1 to {_NAME_LENGTH} characters"
        raise ValidationFailed(detail, errors=[_error("/name", detail)])
    check_text(name, "/name")


def _errors(code: str, base: str, weekend: list[str] | None) -> Iterator[FieldError]:
    if _CODE.fullmatch(code) is None:
        yield _error("/code", "a code has at most 40 capital letters, digits and underscores and starts with a letter")
    if base not in KEPT_BY_CODE:
        yield _error("/base", f"a calendar is based on one of {', '.join(KEPT_BY_CODE)}")
    if weekend is not None and (not set(weekend) <= set(TenantCalendar.Weekday.values) or len(set(weekend)) == _DAYS_A_WEEK):
        yield _error("/weekend", f"a weekend is at most six of {', '.join(TenantCalendar.Weekday.values)}")


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code="validation_failed", detail=detail)


def _sign(row: CalendarDay | TenantCalendar, actor: Actor) -> None:
    row.changed_by, row.changed_by_person, row.changed_at = actor.name, actor.person, database_now()


def _facts(row: CalendarDay | TenantCalendar | None) -> dict[str, object] | None:
    match row:
        case CalendarDay():
            return {"businessDay": row.is_business_day, "name": row.name}
        case TenantCalendar():
            return {"name": row.name, "base": row.base, "weekend": row.weekend, "timeZone": row.time_zone}
        case _:
            return None


def _tell(row: CalendarDay | TenantCalendar, *, key: str, is_now: object, was: object, actor: Actor, reason: str) -> None:
    """Calendars are no secret, and a day's row keeps its last word only: the event holds both sides of the change."""
    OutboxEvent.objects.create(
        topic="config.changed",
        subject_id=row.id,
        payload={
            "kind": "CALENDAR_DAY" if isinstance(row, CalendarDay) else "CALENDAR",
            "key": key,
            "value": is_now,
            "oldValue": was,
            "changedBy": actor.name,
            "changedByPerson": actor.person,
            "reason": reason,
        },
        correlation_id=correlation_id() or "",
    )
    ring_on_commit(current_tenant_id())
