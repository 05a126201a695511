"""GET /value-date: which value date a payment would have, and why."""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from accounts.errors import CurrencyMismatch
from payment_engine.api.amounts import CURRENCIES
from payment_engine.api.endpoints import endpoint, operation
from payment_engine.api.errors import at
from payment_engine.api.json import Output, json_response
from payment_engine.api.query_parameters import Instant, QueryParameter, read_query
from payment_engine.clock import now
from payment_engine.errors import DateOutOfRange
from payment_engine.money import CurrencyUnknown, is_currency
from payments.api import examples
from payments.calendars import FIRST_YEAR, LAST_YEAR
from payments.errors import PaymentTypeInactive, PaymentTypeUnknown, RuleUnclear
from payments.queries.calendars import check_time_zone, value_date_rule
from payments.snapshot import current_snapshot
from payments.terms import PaymentTerms
from payments.value_dates import ReasonCode, ValueDate, ValueDateRule, format_cut_off

CUT_OFF_PATTERN: Final = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
_ABOUT: Final = (
    QueryParameter(name="paymentType", description="A payment type of the tenant; or try rules out with `calendar` and `cutOff`"),
    QueryParameter(
        name="currency",
        type=Annotated[str, Meta(extra_json_schema={"enum": list(CURRENCIES)})],
        description="One that the payment type serves",
    ),
    QueryParameter(name="at", type=Instant, description=f"When it is received ({FIRST_YEAR} to {LAST_YEAR}); now if left out"),
    QueryParameter(name="requestedExecutionDate", column="requested", type=datetime.date, description="The value date is not before it"),
    QueryParameter(name="calendar", description="In place of a payment type: code or alias of a calendar"),
    QueryParameter(
        name="cutOff", type=Annotated[str, Meta(pattern=CUT_OFF_PATTERN)], description="With `calendar` and `timeZone`: such as 15:00"
    ),
    QueryParameter(
        name="timeZone", description="With `calendar`: an IANA name such as Europe/Berlin; the calendar's own if there is no cut-off"
    ),
)
_RULES: Final = ("calendar", "cutOff", "timeZone")


class ReasonOutput(Output, frozen=True, kw_only=True):
    """One step on the way to the value date, in their order."""

    code: ReasonCode
    date: datetime.date
    text: str


class ValueDateOutput(Output, frozen=True, kw_only=True):
    """`businessDay` tells of the day of receipt in `timeZone`. A payment received strictly before `cutOff` is of that day."""

    payment_type: str | None
    received_at: datetime.datetime
    local_time: datetime.datetime
    time_zone: str
    cut_off: str | None
    calendar: str
    value_date: datetime.date
    business_day: bool
    reasons: list[ReasonOutput]


@operation(
    operation_id="getValueDate",
    summary="Explain a value date",
    tag="Calendars",
    scopes=("payments:read",),
    query=_ABOUT,
    answers={200: ValueDateOutput},
    answer_examples={200: examples.VALUE_DATE},
    errors=(422,),
)
def get_value_date(request: HttpRequest) -> HttpResponse:
    """By the cut-off and the calendar of a payment type, or by rules to be tried out; nothing is booked."""
    asked = {criterion.column: criterion.value for criterion in read_query(request, *_ABOUT)}
    rule = _rule(asked)
    received_at: datetime.datetime = asked.get("at") or now()
    requested: datetime.date | None = asked.get("requested")
    _check_years(received_at, requested)
    found = rule.value_date(received_at, requested=requested)
    return json_response(_output(asked.get("paymentType"), received_at, rule, found))


def _rule(asked: Mapping[str, Any]) -> ValueDateRule:
    given = [name for name in _RULES if name in asked]
    if "paymentType" not in asked:
        return _rule_given(asked)
    if given:
        raise at(f"?{given[0]}", RuleUnclear("give either a paymentType or rules to be tried out, not both"))
    terms = current_snapshot().terms.get(asked["paymentType"])
    if terms is None:
        raise at("?paymentType", PaymentTypeUnknown("this tenant has no such payment type"))
    if not terms.active:
        raise at("?paymentType", PaymentTypeInactive(f"payment type {terms.code} takes no payments at present"))
    _check_currency(terms, asked.get("currency"))
    return terms.value_date_rule


def _rule_given(asked: Mapping[str, Any]) -> ValueDateRule:
    if "calendar" not in asked:
        raise at("?paymentType", RuleUnclear("give a paymentType, or a calendar to be tried out"))
    if "currency" in asked:
        raise at("?currency", RuleUnclear("a currency is looked up in a payment type; a calendar has none"))
    if "cutOff" in asked and "timeZone" not in asked:
        raise at("?timeZone", RuleUnclear("a cut-off needs the time zone of its clock, such as Europe/Berlin"))
    cut_off = datetime.time.fromisoformat(asked["cutOff"].rstrip()) if "cutOff" in asked else None
    time_zone = asked.get("timeZone", "")
    if time_zone:
        check_time_zone(time_zone, pointer="?timeZone")
    return value_date_rule(cut_off=cut_off, time_zone=time_zone, calendar=asked["calendar"], pointer="?calendar")


def _check_currency(terms: PaymentTerms, currency: str | None) -> None:
    if currency is None:
        return
    if not is_currency(currency):
        raise at("?currency", CurrencyUnknown("this is not an ISO 4217 currency code in use"))
    if terms.currencies and currency not in terms.currencies:
        raise at("?currency", CurrencyMismatch(f"{terms.code} serves {', '.join(sorted(terms.currencies))} only"))


def _check_years(received_at: datetime.datetime, requested: datetime.date | None) -> None:
    for pointer, day in (("?at", received_at), ("?requestedExecutionDate", requested)):
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise at(pointer, DateOutOfRange(f"calendars reach from {FIRST_YEAR} to {LAST_YEAR}"))


def _output(payment_type: str | None, received_at: datetime.datetime, rule: ValueDateRule, found: ValueDate) -> ValueDateOutput:
    return ValueDateOutput(
        payment_type=payment_type,
        received_at=received_at.astimezone(datetime.UTC),
        local_time=found.local_time,
        time_zone=rule.time_zone,
        cut_off=format_cut_off(rule.cut_off) if rule.cut_off is not None else None,
        calendar=rule.calendar.code,
        value_date=found.date,
        business_day=found.business_day,
        reasons=[ReasonOutput(code=reason.code, date=reason.date, text=reason.text) for reason in found.reasons],
    )


value_date_view = endpoint(GET=get_value_date)
