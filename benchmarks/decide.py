"""`python -m benchmarks.decide`: what one decision costs: payment type, limits, fee, value date, feature flag. No database, no I/O."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

import django

from benchmarks.costs import Cost, cost, report

if TYPE_CHECKING:
    from accounts.ledger.drafts import LockedAccount
    from payments.terms import PaymentTerms

BUDGET_MICROSECONDS: Final = 50
_AMOUNT_MINOR: Final = 123_45
_FRIDAY_EVENING: Final = datetime(2026, 4, 2, 16, 30, tzinfo=UTC)  # before Good Friday, after the cut-off: the longest way


def costs() -> Iterator[Cost]:
    plain, full = _decision(_plain_terms()), _decision(_full_terms())
    within = partial(cost, budget_microseconds=BUDGET_MICROSECONDS)
    yield within("flat fee, largest amount", plain)
    yield within("6 tiers, 5 windows and a cap, cut-off before a long weekend", full)
    yield within("the same, and a feature flag at 50 %", _beside_a_flag(full))


def _plain_terms() -> "PaymentTerms":
    from payments.terms import PaymentTerms

    return PaymentTerms(code="PLAIN", version=1, active=True, processing_fee=Decimal("1.00"), max_amount=Decimal(50_000))


def _full_terms() -> "PaymentTerms":
    """Everything a payment type can ask for."""
    from payments.calendars import KEPT_BY_CODE
    from payments.fees import FeeSchedule, FeeTier, FeeType
    from payments.terms import PaymentTerms
    from payments.value_dates import ValueDateRule
    from payments.velocity import VelocityLimit, Window

    tiers = tuple(FeeTier(up_to=Decimal(10**n), percentage=Decimal("0.25")) for n in range(1, 6))
    return PaymentTerms(
        code="FULL",
        version=1,
        active=True,
        currencies=frozenset({"EUR", "CHF", "USD"}),
        min_amount=Decimal("0.10"),
        max_amount=Decimal(50_000),
        daily_limit=Decimal(10**12),
        velocity_limits=tuple(VelocityLimit(window=window, max_count=10**9, max_amount=Decimal(10**12)) for window in Window),
        max_daily_limit=Decimal(10**12),
        fee_schedule=FeeSchedule(
            type=FeeType.TIERED, minimum=Decimal("0.10"), maximum=Decimal(25), tiers=(*tiers, FeeTier(amount=Decimal(25)))
        ),
        approval_threshold=Decimal(40_000),
        value_date_rule=ValueDateRule(cut_off=time(15), time_zone="Europe/Berlin", calendar=KEPT_BY_CODE["TARGET2"]),
    )


def _decision(terms: "PaymentTerms") -> Callable[[], None]:
    """A payment under these terms, its value date, and what it uses up of their limits."""
    from payment_engine.ids import new_id
    from payments.rules import Allowed, decide
    from payments.velocity import RunningUsage

    debtor, creditor, fee_account_id = _account(), _account(), new_id()
    usage, limits = RunningUsage(), terms.in_minor_units("EUR").limits

    def decide_one() -> None:
        decision = decide(
            amount_minor=_AMOUNT_MINOR,
            currency="EUR",
            terms=terms,
            debtor=debtor,
            creditor=creditor,
            fee_account_id=fee_account_id,
            used=usage.of(debtor.id),
        )
        assert isinstance(decision, Allowed)
        terms.value_date_at(_FRIDAY_EVENING, None)
        usage.add(debtor.id, limits, _AMOUNT_MINOR)

    return decide_one


def _account() -> "LockedAccount":
    from accounts.ledger.drafts import LockedAccount
    from payment_engine.ids import new_id

    return LockedAccount(
        id=new_id(),
        iban=None,
        currency="EUR",
        role="CUSTOMER",
        status="OPEN",
        append_only=False,
        booked_minor=10**15,
        held_minor=0,
        overdraft_limit_minor=0,
        version=1,
    )


def _beside_a_flag(decide_one: Callable[[], None]) -> Callable[[], None]:
    """A flag that rolls out to half of the accounts, asked beside the decision."""
    from config_mgmt.flags.evaluate import is_active
    from config_mgmt.flags.reading import stored_flag

    flag = stored_flag("new-pricing", {"enabled": True, "config": {"rolloutPercentage": 50}})

    def both() -> None:
        decide_one()
        is_active(flag, unit="acc_01a200df38af7592b5d9596586564e9a")

    return both


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
    django.setup()
    return report(costs())


if __name__ == "__main__":
    sys.exit(main())
