"""Terms of a payment type in words: one line each, so that two versions can be read side by side."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from payments.definitions import Definition
from payments.fees import FeePayer, FeeSchedule, FeeTier, flat_fee
from payments.routes import INTERNAL, USUAL_RETRIES
from payments.value_dates import format_cut_off
from payments.velocity import VelocityLimit, Window
from tenants.portal.cells import NOTHING

_RAILS: Final = {
    "internal": "Internal",
    "clearing_file": "Clearing file",
    "simulator": "Simulator",
    "simulator_instant": "Simulator, instant",
}
_PER: Final = {Window.MINUTE: "a minute", Window.HOUR: "an hour", Window.DAY: "a day", Window.MONTH: "a month"}
_NO_LIMIT: Final = "none"


def terms_in_words(terms: Definition) -> dict[str, str]:
    """By their names in the portal, in the order of the form."""
    of_window = {limit.window: limit for limit in terms.velocity_limits}
    return {
        "Name": terms.name,
        "Description": terms.description or NOTHING,
        "Currencies": currencies_in_words(terms),
        "Smallest amount": amount(terms.min_amount),
        "Largest amount": amount(terms.max_amount),
        "Daily limit": amount(terms.daily_limit),
        **{f"Limit {per}": _limit(of_window[window]) if window in of_window else _NO_LIMIT for window, per in _PER.items()},
        "Fee": fee_in_words(terms),
        "Cut-off": _NO_LIMIT if terms.cut_off_time is None else format_cut_off(terms.cut_off_time),
        "Time zone": terms.time_zone or "the calendar's",
        "Calendar": terms.calendar or "every day is a business day",
        "Route": ", then ".join(rail_name(rail) for rail in terms.route),
        "Booked": "while the caller waits" if terms.is_synchronous else "later, by a worker",
        "Approval": "never needed" if terms.approval_threshold is None else f"needed from {amount(terms.approval_threshold)} on",
        "Attempts on each rail": _retries(terms),
    }


def differences_in_words(before: Definition | None, after: Definition) -> list[tuple[str, str, str]]:
    """The terms that differ: name, before, after. Without a version before, all that say something."""
    new = terms_in_words(after)
    if before is None:
        return [(name, NOTHING, text) for name, text in new.items() if text not in {_NO_LIMIT, NOTHING}]
    old = terms_in_words(before)
    return [(name, old[name], text) for name, text in new.items() if text != old[name]]


def currencies_in_words(terms: Definition) -> str:
    return ", ".join(terms.currencies) or "all"


def limits_in_words(terms: Definition) -> str:
    """All limits in one line."""
    return "; ".join(_limits(terms)) or _NO_LIMIT


def _limits(terms: Definition) -> Iterator[str]:
    if terms.min_amount is not None and terms.max_amount is not None:
        yield f"{amount(terms.min_amount)} to {amount(terms.max_amount)}"
    elif terms.max_amount is not None:
        yield f"up to {amount(terms.max_amount)}"
    elif terms.min_amount is not None:
        yield f"from {amount(terms.min_amount)}"
    if terms.daily_limit is not None:
        yield f"{amount(terms.daily_limit)} a day"
    for limit in sorted(terms.velocity_limits, key=lambda limit: list(Window).index(limit.window)):
        yield f"{_limit(limit)} {_PER[limit.window]}"


def _limit(limit: VelocityLimit) -> str:
    most = []
    if limit.max_count is not None:
        most.append("1 payment" if limit.max_count == 1 else f"{limit.max_count:,} payments")
    if limit.max_amount is not None:
        most.append(amount(limit.max_amount))
    return " and ".join(most)


def fee_in_words(terms: Definition) -> str:
    schedule = terms.fee_schedule or flat_fee(terms.processing_fee)
    price = ", ".join(filter(None, (", ".join(_prices(schedule.rates())), *_bounds(schedule))))
    if price == "free":
        return price
    return f"{price}; the creditor pays" if schedule.payer is FeePayer.CREDITOR else price


def _prices(tiers: tuple[FeeTier, ...]) -> Iterator[str]:
    for tier in tiers:
        price = _price(tier)
        if tier.up_to is not None:
            yield f"{price} up to {amount(tier.up_to)}"
        else:
            yield f"{price} above" if len(tiers) > 1 else price


def _price(tier: FeeTier) -> str:
    if tier.percentage is not None:
        return f"{percentage(tier.percentage)} %"
    return amount(tier.amount) if tier.amount else "free"


def _bounds(schedule: FeeSchedule) -> Iterator[str]:
    if schedule.minimum is not None:
        yield f"at least {amount(schedule.minimum)}"
    if schedule.maximum is not None:
        yield f"at most {amount(schedule.maximum)}"


def _retries(terms: Definition) -> str:
    """The internal rail needs none: it is this bank's own books."""
    if terms.retry_policy is None and set(terms.route) == {INTERNAL}:
        return _NO_LIMIT
    policy = terms.retry_policy or USUAL_RETRIES
    return "1" if policy.max_attempts == 1 else f"{policy.max_attempts}, the second after {policy.backoff_seconds} seconds"


def rail_name(rail: str) -> str:
    return _RAILS.get(rail, rail)


def percentage(value: Decimal) -> str:
    """Without zeros that say nothing."""
    return f"{value.normalize():f}"


def amount(value: Decimal | None) -> str:
    """Of no particular currency: at least two digits after the point, `1,500.00`."""
    if value is None:
        return _NO_LIMIT
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{int(whole):,}.{fraction.rstrip('0').ljust(2, '0')}"
