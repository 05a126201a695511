"""`python -m benchmarks.decide`: what one decision costs: payment type, limits, fee, value date, feature flag. No database, no I/O.

Prints microseconds per decision, the best and the median of many rounds; the aim is 50 µs for all of it.
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as clock_time
from decimal import Decimal

import django

ROUNDS = 30
DECISIONS_PER_ROUND = 2_000


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
    django.setup()
    for name, decide_one in _cases().items():
        best, median = _microseconds(decide_one)
        print(f"{name:<60} best {best:7.2f} µs   median {median:7.2f} µs")


def _microseconds(decide_one: Callable[[], object]) -> tuple[float, float]:
    decide_one()
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(DECISIONS_PER_ROUND):
            decide_one()
        rounds.append((time.perf_counter_ns() - began) / DECISIONS_PER_ROUND / 1000)
    return min(rounds), statistics.median(rounds)


def _cases() -> dict[str, Callable[[], object]]:
    from accounts.ledger.drafts import LockedAccount
    from payment_engine.ids import new_id
    from payments.calendars import KEPT_BY_CODE
    from payments.fees import FeeSchedule, FeeTier, FeeType
    from payments.rules import Allowed, decide
    from payments.terms import PaymentTerms
    from payments.value_dates import ValueDateRule
    from payments.velocity import RunningUsage, VelocityLimit, Window

    def account() -> LockedAccount:
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

    plain = PaymentTerms(code="PLAIN", version=1, active=True, processing_fee=Decimal("1.00"), max_amount=Decimal(50_000))
    tiers = tuple(FeeTier(up_to=Decimal(10**n), percentage=Decimal("0.25")) for n in range(1, 6))
    full = PaymentTerms(
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
        value_date_rule=ValueDateRule(cut_off=clock_time(15), time_zone="Europe/Berlin", calendar=KEPT_BY_CODE["TARGET2"]),
    )
    debtor, creditor, fees = account(), account(), new_id()
    usage = RunningUsage()
    limits = full.in_minor_units("EUR").limits
    friday_evening = datetime(2026, 4, 2, 16, 30, tzinfo=UTC)  # before Good Friday, after the cut-off: the longest way

    def one(terms: PaymentTerms) -> Allowed:
        decision = decide(
            amount_minor=123_45,
            currency="EUR",
            terms=terms,
            debtor=debtor,
            creditor=creditor,
            fee_account_id=fees,
            used=usage.of(debtor.id),
        )
        assert isinstance(decision, Allowed)
        terms.value_date_at(friday_evening, None)
        return decision

    def with_everything() -> None:
        one(full)
        usage.add(debtor.id, limits, 123_45)

    cases: dict[str, Callable[[], object]] = {
        "flat fee, largest amount": lambda: one(plain),
        "6 tiers, 5 windows and a cap, cut-off before a long weekend": with_everything,
    }
    return cases | _with_flag(with_everything)


def _with_flag(decide_one: Callable[[], object]) -> dict[str, Callable[[], object]]:
    """A flag that rolls out to half of the accounts, asked beside the decision."""
    from config_mgmt.flags.evaluate import is_active
    from config_mgmt.flags.reading import stored_flag

    flag = stored_flag("new-pricing", {"enabled": True, "config": {"rolloutPercentage": 50}})

    def both() -> None:
        decide_one()
        is_active(flag, unit="acc_01a200df38af7592b5d9596586564e9a")

    return {"the same, and a feature flag at 50 %": both}


if __name__ == "__main__":
    main()
