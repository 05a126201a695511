"""Fees, as properties: exact, bounded, never negative."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payment_engine.errors import EngineError, ValidationFailed
from payment_engine.money import exponent
from payments.fees import FeePayer, FeeSchedule, FeeTier, FeeType, fee_in_minor_units
from payments.rules import Allowed
from tests.payments.test_rules import FEE_ACCOUNT, account, code, decided, terms

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD", "CLF"])
amounts = st.integers(1, 10**18 - 1)
percentages = st.decimals(0, 100, places=6)
money = st.integers(0, 10**6).map(Decimal)


def percentage(rate: Decimal, **bounds: Any) -> FeeSchedule:
    return FeeSchedule(type=FeeType.PERCENTAGE, percentage=rate, **bounds)


@given(amounts, percentages, CURRENCIES)
def test_percentages_are_rounded_half_up_exactly(amount: int, rate: Decimal, currency: str) -> None:
    fee = fee_in_minor_units(percentage(rate), currency, of="T").of(amount)
    assert fee == int((Decimal(amount) * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("amount", "fee"), [(1_99, 0), (2_00, 1), (2_01, 1), (5_99, 1), (6_00, 2)])
def test_a_quarter_per_cent_of_cents(amount: int, fee: int) -> None:
    assert fee_in_minor_units(percentage(Decimal("0.25")), "EUR", of="T").of(amount) == fee


@given(amounts, percentages, money, money, CURRENCIES)
def test_bounded_fees_stay_within_their_bounds(amount: int, rate: Decimal, one: Decimal, other: Decimal, currency: str) -> None:
    low, high = sorted([one, other])
    unit = 10 ** exponent(currency)
    fee = fee_in_minor_units(percentage(rate, minimum=low, maximum=high), currency, of="T").of(amount)
    assert 0 <= low * unit <= fee <= high * unit


@given(amounts, amounts, percentages)
def test_more_costs_no_less_at_one_percentage(one: int, other: int, rate: Decimal) -> None:
    fee = fee_in_minor_units(percentage(rate), "EUR", of="T")
    assert fee.of(min(one, other)) <= fee.of(max(one, other))


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True), st.integers(1, 2 * 10**6), st.integers(1, 2 * 10**6))
def test_tiers_are_monotonic_and_leave_no_amount_out(borders: list[int], one: int, other: int) -> None:
    steps = sorted(borders)
    tiers = (
        *(FeeTier(up_to=Decimal(up_to) / 100, amount=Decimal(n)) for n, up_to in enumerate(steps)),
        FeeTier(amount=Decimal(len(steps))),
    )
    fee = fee_in_minor_units(FeeSchedule(type=FeeType.TIERED, tiers=tiers), "EUR", of="T")
    low, high = sorted([one, other])
    assert fee.of(low) <= fee.of(high)
    assert fee.of(low) == 100 * sum(low > step for step in steps)


@given(amount=st.integers(1, 10**6), flat=st.integers(0, 10**6), payer=st.sampled_from(FeePayer), funds=st.integers(0, 2 * 10**6))
def test_who_pays_the_fee(amount: int, flat: int, payer: FeePayer, funds: int) -> None:
    schedule = FeeSchedule(type=FeeType.FLAT, payer=payer, amount=Decimal(flat) / 100)
    debtor, creditor = account(booked_minor=funds), account(booked_minor=0)
    decision = decided(amount, terms=terms(fee_schedule=schedule), debtor=debtor, creditor=creditor)
    total = amount + flat if payer is FeePayer.DEBTOR else amount
    if payer is FeePayer.CREDITOR and flat > amount:
        assert code(decision) == "limit_exceeded"
    elif funds < total:
        assert code(decision) == "insufficient_funds"
    else:
        assert isinstance(decision, Allowed)
        moved = {leg.account_id: 0 for leg in decision.legs}
        for leg in decision.legs:
            moved[leg.account_id] += leg.amount_minor
        assert (moved[debtor.id], moved[creditor.id], moved.get(FEE_ACCOUNT, 0)) == (-total, total - flat, flat)
        assert (decision.debit_minor, decision.credit_minor, decision.fee_minor) == (total, total - flat, flat)


@given(amounts, percentages)
def test_a_percentage_of_the_creditor_never_exceeds_the_amount(amount: int, rate: Decimal) -> None:
    schedule = percentage(rate, payer=FeePayer.CREDITOR)
    decision = decided(amount, terms=terms(fee_schedule=schedule), debtor=account(booked_minor=10**18), creditor=account(booked_minor=0))
    assume(not isinstance(decision, EngineError))
    assert isinstance(decision, Allowed)
    assert 0 <= decision.credit_minor <= decision.debit_minor == amount


def test_bounds_that_a_currency_can_not_express_are_refused_not_rounded() -> None:
    schedule = percentage(Decimal(1), minimum=Decimal("0.5"))
    assert fee_in_minor_units(schedule, "EUR", of="T").of(1) == 50
    with pytest.raises(ValidationFailed):
        fee_in_minor_units(schedule, "JPY", of="T")
