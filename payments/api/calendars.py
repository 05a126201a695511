"""/config/tenants/{id}/calendars: the calendars kept for all, the tenant's own, and the days on which it departs from them."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from events.answers import Answer
from events.api.answers import answered_once, json_answer, location
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, IF_NONE_MATCH, endpoint, operation
from payment_engine.api.etags import check_if_match, content_etag, not_modified
from payment_engine.api.json import Output, decode_body, encode, json_response
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.api.response_headers import ETAG, LOCATION
from payment_engine.clock import today
from payment_engine.errors import FieldError, ValidationFailed
from payments.api.calendar_shapes import (
    CalendarInput,
    CalendarOutput,
    CalendarsOutput,
    DayInput,
    DayOutput,
    DaysOutput,
    NewDayInput,
    calendar_etag,
    calendar_output,
    day_etag,
    day_output,
    own_calendar_output,
    own_day_output,
)
from payments.calendars import FIRST_YEAR, LAST_YEAR, BusinessCalendar
from payments.errors import CalendarDayUnknown
from payments.operations.calendars import (
    add_calendar_day,
    check_day,
    find_own_calendar,
    find_own_day,
    remove_calendar_day,
    save_calendar,
    save_calendar_day,
)
from payments.queries.calendars import current_calendars, find_calendar

TAG: Final = "Calendars"
CODE: Final = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,39}$", "description": "Code or alias of a calendar, such as TARGET2."}
_TENANT: Final = {"tenant_id": TENANT_ID}
_CALENDAR: Final = {**_TENANT, "calendar_code": CODE}
_DAY: Final = {**_CALENDAR, "day": {"type": "string", "format": "date"}}
_YEAR: Final = QueryParameter(
    name="year", type=Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)], description="The present year if left out"
)


@operation(
    operation_id="listCalendars",
    summary="List calendars",
    tag=TAG,
    scopes=("config:read",),
    path=_TENANT,
    headers=(IF_NONE_MATCH,),
    answers={200: CalendarsOutput, 304: None},
    sends={200: (ETAG,), 304: (ETAG,)},
)
def list_calendars(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """Those kept for all tenants (TARGET2, US_FED, UK, CH, EVERY_DAY) and the tenant's own."""
    with addressed_tenant(request, tenant_id):
        calendars = {calendar.code: calendar for calendar in current_calendars().values()}
        return _tagged(request, CalendarsOutput(data=[calendar_output(calendar) for calendar in calendars.values()]))


@operation(
    operation_id="getCalendar",
    summary="Read a calendar",
    tag=TAG,
    scopes=("config:read",),
    path=_CALENDAR,
    answers={200: CalendarOutput},
    sends={200: (ETAG,)},
    errors=(422,),
)
def get_calendar(request: HttpRequest, tenant_id: str, calendar_code: str) -> HttpResponse:
    """With an ETag, for If-Match."""
    with addressed_tenant(request, tenant_id):
        calendar = find_calendar(calendar_code, pointer="/calendarCode")
        return json_response(calendar_output(calendar), headers={"ETag": calendar_etag(find_own_calendar(calendar.code))})


@operation(
    operation_id="saveCalendar",
    summary="Make or change a calendar of the tenant's own",
    tag=TAG,
    scopes=("config:write",),
    path=_CALENDAR,
    body=CalendarInput,
    headers=(IF_MATCH,),
    answers={200: CalendarOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def put_calendar(request: HttpRequest, tenant_id: str, calendar_code: str) -> HttpResponse:
    """Weekend and time zone are those of the base where they are left out. One that is kept for all tenants can't be changed: 409."""
    body = decode_body(request, CalendarInput)
    with addressed_tenant(request, tenant_id):
        saved = save_calendar(
            code=calendar_code,
            name=body.name,
            base=body.base,
            weekend=None if body.weekend is None else list(body.weekend),
            time_zone=body.time_zone,
            reason=body.reason,
            actor=actor_of(request),
            precondition=lambda current: check_if_match(request, calendar_etag(current)),
        )
        return json_response(own_calendar_output(saved), headers={"ETag": calendar_etag(saved)})


@operation(
    operation_id="listCalendarDays",
    summary="List the holidays of a year",
    tag=TAG,
    scopes=("config:read",),
    path=_CALENDAR,
    query=(_YEAR,),
    headers=(IF_NONE_MATCH,),
    answers={200: DaysOutput, 304: None},
    sends={200: (ETAG,), 304: (ETAG,)},
    errors=(422,),
)
def list_days(request: HttpRequest, tenant_id: str, calendar_code: str) -> HttpResponse:
    """With the days on which the tenant departs from the calendar in their places."""
    criteria = read_query(request, _YEAR)
    year = criteria[0].value if criteria else today().year
    with addressed_tenant(request, tenant_id):
        calendar = find_calendar(calendar_code, pointer="/calendarCode")
        own = [day for day in calendar.own_days if day.year == year]
        days = [day_output(calendar, day) for day in sorted({*calendar.holidays_of(year), *own})]
        return _tagged(request, DaysOutput(calendar=calendar.code, year=year, data=days))


@operation(
    operation_id="addCalendarDay",
    summary="Depart from a calendar on a day",
    tag=TAG,
    scopes=("config:write",),
    path=_CALENDAR,
    body=NewDayInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={201: DayOutput},
    sends={201: (LOCATION,)},
)
def post_day(request: HttpRequest, tenant_id: str, calendar_code: str) -> HttpResponse:
    """Refused with 409 if the tenant has said something about the day before."""
    body = decode_body(request, NewDayInput)

    def add() -> Answer:
        added = add_calendar_day(
            calendar=calendar_code,
            day=body.date,
            is_business_day=body.business_day,
            name=body.name,
            reason=body.reason,
            actor=actor_of(request),
        )
        return json_answer(own_day_output(added), 201)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, add, headers=location("date"))


@operation(
    operation_id="getCalendarDay",
    summary="Read a day of the tenant's own",
    tag=TAG,
    scopes=("config:read",),
    path=_DAY,
    answers={200: DayOutput},
    sends={200: (ETAG,)},
    errors=(422,),
)
def get_day(request: HttpRequest, tenant_id: str, calendar_code: str, day: str) -> HttpResponse:
    """With an ETag, for If-Match. 404 where the tenant follows the calendar."""
    with _addressed_day(request, tenant_id, calendar_code, day) as (calendar, date):
        own = find_own_day(calendar.code, date)
        if own is None:
            raise CalendarDayUnknown("the tenant follows the calendar on this day")
        return json_response(own_day_output(own), headers={"ETag": day_etag(own)})


@operation(
    operation_id="saveCalendarDay",
    summary="Say whether a day is a business day",
    tag=TAG,
    scopes=("config:write",),
    path=_DAY,
    body=DayInput,
    headers=(IF_MATCH,),
    answers={200: DayOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def put_day(request: HttpRequest, tenant_id: str, calendar_code: str, day: str) -> HttpResponse:
    """For the first time or anew; payments from now on follow it."""
    body = decode_body(request, DayInput)
    with _addressed_day(request, tenant_id, calendar_code, day) as (calendar, date):
        saved = save_calendar_day(
            calendar=calendar.code,
            day=date,
            is_business_day=body.business_day,
            name=body.name,
            reason=body.reason,
            actor=actor_of(request),
            precondition=lambda current: check_if_match(request, day_etag(current)),
        )
        return json_response(own_day_output(saved), headers={"ETag": day_etag(saved)})


@operation(
    operation_id="removeCalendarDay",
    summary="Follow the calendar again on a day",
    tag=TAG,
    scopes=("config:write",),
    path=_DAY,
    headers=(IF_MATCH,),
    answers={204: None},
    errors=(412, 422),
)
def delete_day(request: HttpRequest, tenant_id: str, calendar_code: str, day: str) -> HttpResponse:
    """404 if the tenant follows it already."""
    with _addressed_day(request, tenant_id, calendar_code, day) as (calendar, date):
        remove_calendar_day(
            calendar=calendar.code,
            day=date,
            actor=actor_of(request),
            precondition=lambda current: check_if_match(request, day_etag(current)),
        )
        return HttpResponse(status=204)


@contextmanager
def _addressed_day(request: HttpRequest, tenant_id: str, calendar_code: str, day: str) -> Iterator[tuple[BusinessCalendar, datetime.date]]:
    with addressed_tenant(request, tenant_id):
        yield find_calendar(calendar_code, pointer="/calendarCode"), _date(day)


def _date(text: str) -> datetime.date:
    try:
        day: datetime.date = msgspec.convert(text, datetime.date)
    except msgspec.ValidationError:
        detail = "a day is written as YYYY-MM-DD, such as 2026-12-24"
        raise ValidationFailed(detail, errors=[FieldError(pointer="/day", code="validation_failed", detail=detail)]) from None
    check_day(day, "/day")
    return day


def _tagged(request: HttpRequest, body: Output) -> HttpResponse:
    """With a weak ETag of its content, and 304 for a caller who has it."""
    content = encode(body)
    etag = content_etag(content)
    return not_modified(request, etag) or HttpResponse(content, content_type="application/json", headers={"ETag": etag})


calendars = endpoint(GET=list_calendars)
calendar = endpoint(GET=get_calendar, PUT=put_calendar)
days = endpoint(GET=list_days, POST=post_day)
day = endpoint(GET=get_day, PUT=put_day, DELETE=delete_day)
