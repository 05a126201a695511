"""Calendars and their days, as the API reads and writes them."""

import datetime
from hashlib import sha256
from typing import Annotated, Literal, get_args

from msgspec import Meta
from msgspec.json import encode

from accounts.api.shapes import Name
from config_mgmt.api.shapes_settings import Reason
from payment_engine.api.json import Input, Output
from payments.calendars import KEPT_BY_CODE, BusinessCalendar
from payments.models import CalendarDay, TenantCalendar

Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class CalendarInput(Input, frozen=True, kw_only=True):
    """A calendar of the tenant's own: the holidays of a kept one, with another weekend or time zone."""

    name: Name
    base: Annotated[str, Meta(extra_json_schema={"enum": list(KEPT_BY_CODE)})]
    weekend: Annotated[list[Weekday], Meta(max_length=6)] | None = None
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    reason: Reason = ""


class CalendarOutput(Output, frozen=True, kw_only=True):
    """A calendar; `base` is null for one that is kept for all tenants. Aliases are understood wherever the code is."""

    code: str
    name: str
    aliases: list[str]
    base: str | None
    weekend: list[Weekday]
    time_zone: str


class CalendarsOutput(Output, frozen=True, kw_only=True):
    """All calendars a payment type of the tenant may name."""

    data: list[CalendarOutput]


class DayInput(Input, frozen=True, kw_only=True):
    """What the tenant says of a day, whatever the calendar says."""

    business_day: bool
    name: Name
    reason: Reason = ""


class NewDayInput(Input, frozen=True, kw_only=True):
    """A day the tenant has said nothing about yet."""

    date: datetime.date
    business_day: bool
    name: Name
    reason: Reason = ""


class DayOutput(Output, frozen=True, kw_only=True):
    """A day and who says so: the CALENDAR, by its holidays and weekend, or the TENANT. Only a holiday or a tenant's day has a name."""

    date: datetime.date
    business_day: bool
    name: str | None
    source: Literal["CALENDAR", "TENANT"]


class DaysOutput(Output, frozen=True, kw_only=True):
    """The holidays of a year and the tenant's own days, in order; further days of the weekend are not listed."""

    calendar: str
    year: int
    data: list[DayOutput]


def calendar_output(calendar: BusinessCalendar) -> CalendarOutput:
    return CalendarOutput(
        code=calendar.code,
        name=calendar.name,
        aliases=list(calendar.aliases),
        base=calendar.base,
        weekend=[day for number, day in enumerate(get_args(Weekday)) if number in calendar.weekend],
        time_zone=calendar.time_zone,
    )


def own_calendar_output(row: TenantCalendar) -> CalendarOutput:
    return CalendarOutput(
        code=row.code,
        name=row.name,
        aliases=[],
        base=row.base,
        weekend=row.weekend,  # type: ignore[arg-type]  # the column's own choices
        time_zone=row.time_zone,
    )


def calendar_etag(row: TenantCalendar | None) -> str:
    """Of what can be changed: nothing, of a calendar that is kept for all."""
    return _strong_etag(None if row is None else (row.id, row.name, row.base, row.weekend, row.time_zone))


def day_output(calendar: BusinessCalendar, day: datetime.date) -> DayOutput:
    own = calendar.own_days.get(day)
    if own is not None:
        return DayOutput(date=day, business_day=own.is_business_day, name=own.name, source="TENANT")
    closing = calendar.closing(day)
    name = closing.name if closing is not None else ""
    return DayOutput(date=day, business_day=closing is None, name=name or None, source="CALENDAR")


def own_day_output(row: CalendarDay) -> DayOutput:
    return DayOutput(date=row.date, business_day=row.is_business_day, name=row.name, source="TENANT")


def day_etag(row: CalendarDay | None) -> str:
    """Of what the tenant itself says of the day, which may be nothing."""
    return _strong_etag(None if row is None else (row.id, row.is_business_day, row.name))


def _strong_etag(content: object) -> str:
    return f'"{sha256(encode(content)).hexdigest()[:32]}"'
