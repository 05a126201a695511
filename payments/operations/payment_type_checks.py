"""What the terms of a payment type must fulfil: each offence with its pointer and a sentence that says what is allowed."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.conf import settings

from payment_engine.errors import FieldError
from payment_engine.money import exponent, is_currency
from payments.definitions import Definition
from payments.errors import CalendarUnknown, TermsInvalid
from payments.fees import PERCENT_DIGITS, FeePayer, FeeSchedule, FeeTier, FeeType, flat_fee
from payments.queries.calendars import find_calendar
from payments.routes import INTERNAL, RAILS
from payments.value_dates import is_time_zone
from payments.velocity import VelocityLimit

CODE_PATTERN: Final = "[A-Z][A-Z0-9_]{0,39}"
NAME_LENGTH: Final = 140
DESCRIPTION_LENGTH: Final = 1000
TIERS_MAX: Final = 50
ATTEMPTS_MAX: Final = 10
BACKOFF_MAX_SECONDS: Final = 24 * 3600
COUNT_MAX: Final = 1_000_000
_CODE: Final = re.compile(CODE_PATTERN, re.ASCII)
_STEP: Final = Decimal("0.0001")
_PERCENT_STEP: Final = Decimal(1).scaleb(-PERCENT_DIGITS)
_CEILING: Final = Decimal(10) ** 18
_PERCENT_MAX: Final = 100
_AMOUNT_ALLOWED: Final = "an amount is not negative and has at most 18 digits before and 4 after the decimal point"
_PERCENTAGE_ALLOWED: Final = f"a percentage is from 0 to 100, with at most {PERCENT_DIGITS} digits after the decimal point"
Errors = Iterator[FieldError]


def check_definition(code: str, definition: Definition) -> None:
    """Raises TermsInvalid with a pointer per offending member. What passes can be a draft."""
    errors = list(_errors(code, definition))
    if errors:
        raise TermsInvalid(errors[0].detail, errors=errors)


def activation_errors(definition: Definition) -> list[FieldError]:
    """Why a draft could not be put in force today: what it asks for that nothing would do."""
    errors = []
    for number, rail in enumerate(definition.route):
        if rail not in settings.CONNECTED_RAILS:
            pointer = "/rail" if number == 0 else f"/railFallbacks/{number - 1}"
            connected = ", ".join(sorted(settings.CONNECTED_RAILS))
            errors.append(
                _error(pointer, f"the rail {rail} is not connected: until it is, only {connected} can be in the route of an active version")
            )
    if definition.is_synchronous and set(definition.route) != {INTERNAL}:
        detail = f"only {INTERNAL} can finish a payment while its caller waits: a type whose route leads out has isSynchronous false"
        errors.append(_error("/isSynchronous", detail))
    return errors


def _errors(code: str, terms: Definition) -> Errors:
    yield from _name_errors(code, terms)
    yield from _currency_errors(terms)
    yield from _amount_errors(terms)
    yield from _fee_errors(terms)
    yield from _velocity_errors(terms.velocity_limits)
    yield from _cut_off_errors(terms)
    yield from _rail_errors(terms)


def _name_errors(code: str, terms: Definition) -> Errors:
    if _CODE.fullmatch(code) is None:
        yield _error("/code", "a code has at most 40 capital letters, digits and underscores and starts with a letter")
    if not terms.name or len(terms.name) > NAME_LENGTH:
        yield _error("/name", f"a name has 1 to {NAME_LENGTH} characters")
    if len(terms.description) > DESCRIPTION_LENGTH:
        yield _error("/description", f"a description has at most {DESCRIPTION_LENGTH} characters")


def _currency_errors(terms: Definition) -> Errors:
    unknown = [currency for currency in terms.currencies if not is_currency(currency)]
    if unknown:
        yield _error("/currencies", f"not an ISO 4217 currency code in use: {', '.join(unknown)}")


def _amount_errors(terms: Definition) -> Errors:
    amounts = {
        "/minAmount": terms.min_amount,
        "/maxAmount": terms.max_amount,
        "/dailyLimit": terms.daily_limit,
        "/processingFee": terms.processing_fee,
        "/approvalThreshold": terms.approval_threshold,
    }
    wrong = {pointer for pointer, amount in amounts.items() if not _is_amount(amount)}
    for pointer in sorted(wrong):
        yield _error(pointer, _AMOUNT_ALLOWED)
    for pointer in ("/maxAmount", "/dailyLimit", "/approvalThreshold"):
        if pointer not in wrong and amounts[pointer] == 0:
            yield _error(pointer, "a limit is greater than zero; leave it empty for none")
    currencies = [currency for currency in terms.currencies if is_currency(currency)]
    for pointer in sorted(amounts.keys() - wrong - {"/processingFee"}):
        yield from _unreachable_errors(pointer, amounts[pointer], currencies)
    if wrong & {"/minAmount", "/maxAmount"} or terms.min_amount is None or terms.max_amount is None:
        return
    if terms.min_amount > terms.max_amount:
        yield _error("/minAmount", f"the smallest amount is not above the largest ({_plain(terms.max_amount)})")


def _unreachable_errors(pointer: str, amount: Decimal | None, currencies: list[str]) -> Errors:
    """An amount that no payment can have: with more digits than any of the type's currencies has."""
    digits = max(map(exponent, currencies), default=None)
    if amount is not None and digits is not None and amount.scaleb(digits) % 1:
        named = f"{', '.join(currencies)} {'has' if len(currencies) == 1 else 'have at most'} {digits}"
        yield _error(pointer, f"{named} digits after the decimal point, this amount has more")


def _fee_errors(terms: Definition) -> Errors:
    schedule = terms.fee_schedule
    if schedule is not None and terms.processing_fee:
        yield _error("/processingFee", "give processingFee or feeSchedule, not both: processingFee is short for a flat fee")
        return
    if schedule is None:
        pointer, schedule = "/processingFee", flat_fee(terms.processing_fee)
    else:
        pointer = "/feeSchedule"
        errors = list(_schedule_errors(schedule))
        if errors:
            yield from errors
            return
    if all(_is_amount(amount) for amount in schedule.amounts()):
        yield from _digits_errors(pointer, schedule, terms)
        yield from _fee_within_amount_errors(pointer, schedule, terms)


def _digits_errors(pointer: str, schedule: FeeSchedule, terms: Definition) -> Errors:
    for currency in terms.currencies:
        if is_currency(currency) and any(amount.scaleb(exponent(currency)) % 1 for amount in schedule.amounts()):
            yield _error(pointer, f"{currency} has {exponent(currency)} digits after the decimal point, this fee has more")


def _fee_within_amount_errors(pointer: str, schedule: FeeSchedule, terms: Definition) -> Errors:
    """The least a payment costs. A percentage never exceeds the amount, as it is at most 100."""
    floors = [tier.amount or Decimal(0) for tier in schedule.rates()]
    least = max(min(floors), schedule.minimum or Decimal(0))
    if _is_amount(terms.max_amount) and terms.max_amount and least > terms.max_amount:
        yield _error(pointer, f"a fee is not above the largest amount ({_plain(terms.max_amount)})")
    elif schedule.payer is FeePayer.CREDITOR and _is_amount(terms.min_amount) and terms.min_amount and least > terms.min_amount:
        yield _error(pointer, f"a fee that the creditor pays is not above the smallest amount ({_plain(terms.min_amount)})")


_NEEDED: Final = {FeeType.FLAT: "amount", FeeType.PERCENTAGE: "percentage", FeeType.TIERED: "tiers"}


def _schedule_errors(schedule: FeeSchedule) -> Errors:
    at = "/feeSchedule"
    given = {"amount": schedule.amount, "percentage": schedule.percentage, "tiers": schedule.tiers or None}
    for member, value in given.items():
        if value is None and _NEEDED[schedule.type] == member:
            yield _error(f"{at}/{member}", f"a {schedule.type} fee has {member}")
        elif value is not None and _NEEDED[schedule.type] != member:
            yield _error(f"{at}/{member}", f"a {schedule.type} fee has no {member}")
    if schedule.type is FeeType.FLAT:
        bounds = [name for name, bound in (("min", schedule.minimum), ("max", schedule.maximum)) if bound is not None]
        yield from (_error(f"{at}/{name}", f"a FLAT fee has no {name}") for name in bounds)
    yield from _price_errors(at, schedule.amount, schedule.percentage)
    for name, bound in (("min", schedule.minimum), ("max", schedule.maximum)):
        if not _is_amount(bound):
            yield _error(f"{at}/{name}", _AMOUNT_ALLOWED)
    if _is_amount(schedule.minimum) and _is_amount(schedule.maximum) and (schedule.minimum or 0) > (schedule.maximum or _CEILING):
        yield _error(f"{at}/min", f"the smallest fee is not above the largest ({_plain(schedule.maximum)})")
    yield from _tier_errors(f"{at}/tiers", schedule.tiers)


def _price_errors(at: str, amount: Decimal | None, percentage: Decimal | None) -> Errors:
    if not _is_amount(amount):
        yield _error(f"{at}/amount", _AMOUNT_ALLOWED)
    if percentage is not None and not _is_percentage(percentage):
        yield _error(f"{at}/percentage", _PERCENTAGE_ALLOWED)


def _tier_errors(at: str, tiers: tuple[FeeTier, ...]) -> Errors:
    if len(tiers) > TIERS_MAX:
        yield _error(at, f"a fee has at most {TIERS_MAX} tiers")
        return
    before: Decimal | None = Decimal(0)
    for number, tier in enumerate(tiers):
        here = f"{at}/{number}"
        yield from _price_errors(here, tier.amount, tier.percentage)
        if (tier.amount is None) == (tier.percentage is None):
            yield _error(here, "a tier has an amount or a percentage, one of the two")
        yield from _border_errors(here, tier, before, is_last=number == len(tiers) - 1)
        before = tier.up_to if tier.up_to is not None and tier.up_to.is_finite() else before


def _border_errors(here: str, tier: FeeTier, before: Decimal | None, *, is_last: bool) -> Errors:
    if is_last and tier.up_to is not None:
        yield _error(f"{here}/upTo", "the last tier has no upTo: it is for every amount above the tier before")
    elif not is_last and tier.up_to is None:
        yield _error(f"{here}/upTo", "every tier but the last has upTo, else it overlaps those behind it")
    elif tier.up_to is not None and not _is_amount(tier.up_to):
        yield _error(f"{here}/upTo", _AMOUNT_ALLOWED)
    elif tier.up_to is not None and before is not None and tier.up_to <= before:
        yield _error(f"{here}/upTo", f"tiers don't overlap: upTo is above that of the tier before ({_plain(before)})")


def _velocity_errors(limits: tuple[VelocityLimit, ...]) -> Errors:
    windows = Counter(limit.window for limit in limits)
    for number, limit in enumerate(limits):
        at = f"/velocityLimits/{number}"
        if windows[limit.window] > 1:
            yield _error(f"{at}/window", f"a window is limited once; {limit.window} is there {windows[limit.window]} times")
        if limit.max_count is None and limit.max_amount is None:
            yield _error(at, "a limit has maxCount, maxAmount or both")
        if limit.max_count is not None and not 1 <= limit.max_count <= COUNT_MAX:
            yield _error(f"{at}/maxCount", f"maxCount is a whole number from 1 to {COUNT_MAX}")
        if limit.max_amount is not None and (not _is_amount(limit.max_amount) or limit.max_amount == 0):
            yield _error(f"{at}/maxAmount", f"a limit is greater than zero; {_AMOUNT_ALLOWED}")


def _cut_off_errors(terms: Definition) -> Errors:
    if terms.cut_off_time is not None and not terms.time_zone:
        yield _error("/timeZone", "a cut-off time needs the time zone whose clock it is read from, such as Europe/Zurich")
    if terms.time_zone and not is_time_zone(terms.time_zone):
        yield _error("/timeZone", "a time zone is a name of the IANA database, such as Europe/Zurich")
    if terms.calendar:
        try:
            find_calendar(terms.calendar)
        except CalendarUnknown as error:
            yield from error.errors


def _rail_errors(terms: Definition) -> Errors:
    for number, rail in enumerate(terms.route):
        pointer = "/rail" if number == 0 else f"/railFallbacks/{number - 1}"
        if rail not in RAILS:
            yield _error(pointer, f"a rail is one of {', '.join(RAILS)}")
        elif rail in terms.route[:number]:
            yield _error(pointer, f"fallbacks don't lead back: {rail} is in the route already, and each rail is tried once")
    retry = terms.retry_policy
    if retry is not None and not 1 <= retry.max_attempts <= ATTEMPTS_MAX:
        yield _error("/retryPolicy/maxAttempts", f"maxAttempts is from 1 to {ATTEMPTS_MAX}, the first attempt included")
    if retry is not None and not 1 <= retry.backoff_seconds <= BACKOFF_MAX_SECONDS:
        yield _error("/retryPolicy/backoffSeconds", f"backoffSeconds is from 1 to {BACKOFF_MAX_SECONDS}")


def _is_amount(amount: Decimal | None) -> bool:
    return amount is None or (amount.is_finite() and 0 <= amount < _CEILING and amount == amount.quantize(_STEP))


def _is_percentage(percentage: Decimal) -> bool:
    return percentage.is_finite() and 0 <= percentage <= _PERCENT_MAX and percentage == percentage.quantize(_PERCENT_STEP)


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount.normalize(), "f")


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code="validation_failed", detail=detail)
