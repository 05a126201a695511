"""Decide: pure rules about money, as properties."""

from copy import copy
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.ledger.drafts import BALANCE_MAX_MINOR, LockedAccount
from payment_engine.errors import EngineError
from payment_engine.ids import new_id
from payments.rules import Allowed, Decision, decide
from payments.terms import PaymentTerms
from payments.velocity import Used, Window

FEE_ACCOUNT = new_id()
amounts = st.integers(1, 10**18 - 1)
balances = st.integers(0, 10**18)


def account(**facts: Any) -> LockedAccount:
    plain: dict[str, Any] = {
        "id": new_id(),
        "iban": None,
        "currency": "EUR",
        "role": "CUSTOMER",
        "status": "OPEN",
        "append_only": False,
        "booked_minor": 100_00,
        "held_minor": 0,
        "overdraft_limit_minor": 0,
        "version": 1,
    }
    return LockedAccount(**(plain | facts))


def terms(**facts: Any) -> PaymentTerms:
    plain: dict[str, Any] = {"code": "T", "version": 1, "active": True}
    return PaymentTerms(**(plain | facts))


def decided(amount_minor: int = 1_00, **facts: Any) -> Decision:
    plain: dict[str, Any] = {
        "amount_minor": amount_minor,
        "currency": "EUR",
        "terms": terms(),
        "debtor": account(),
        "creditor": account(),
        "fee_account_id": FEE_ACCOUNT,
    }
    return decide(**(plain | facts))


def near(limit: int) -> st.SearchStrategy[int]:
    return st.integers(max(limit - 2, 1), max(limit + 2, 1))


def code(decision: Decision) -> str | None:
    return decision.code if isinstance(decision, EngineError) else None


@given(
    amount=amounts,
    fee=st.integers(0, 10_000),
    booked=balances,
    held=st.integers(0, 10**6),
    overdraft=st.integers(0, 10**6),
    creditor_booked=st.integers(0, BALANCE_MAX_MINOR),
)
def test_allowed_payment_balances_and_never_overdraws(  # noqa: PLR0917  # given by name
    amount: int, fee: int, booked: int, held: int, overdraft: int, creditor_booked: int
) -> None:
    debtor = account(booked_minor=booked, held_minor=held, overdraft_limit_minor=overdraft)
    creditor = account(booked_minor=creditor_booked)
    decision = decided(amount, terms=terms(processing_fee=Decimal(fee) / 100), debtor=debtor, creditor=creditor)
    affordable = booked - held + overdraft >= amount + fee
    if isinstance(decision, EngineError):
        assert decision.code == ("limit_exceeded" if affordable else "insufficient_funds")
        assert not affordable or creditor_booked + amount > BALANCE_MAX_MINOR
        return
    moved: dict[UUID, int] = {}
    for leg in decision.legs:
        assert leg.amount_minor != 0
        moved[leg.account_id] = moved.get(leg.account_id, 0) + leg.amount_minor
    assert affordable
    assert sum(moved.values()) == 0
    assert (moved[debtor.id], moved[creditor.id], moved.get(FEE_ACCOUNT, 0)) == (-amount - fee, amount, fee)


@given(st.data(), st.integers(0, 10**6), st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 10**9))
def test_limits_hold_to_the_last_unit(data: st.DataObject, low: int, high: int, daily: int, used: int) -> None:
    limited = terms(min_amount=Decimal(low) / 100, max_amount=Decimal(high) / 100, daily_limit=Decimal(daily) / 100)
    amount = data.draw(st.one_of(near(low), near(high), near(daily - used), amounts))
    decision = decided(amount, terms=limited, debtor=account(booked_minor=10**18), used={("T", Window.DAY): Used(used, 1)})
    within = low <= amount <= high and used + amount <= daily
    assert code(decision) == (None if within else "limit_exceeded")


@pytest.mark.parametrize("limit", ["min_amount", "max_amount", "daily_limit"])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_each_limit_alone_holds_to_the_last_unit(limit: str, off: int) -> None:
    allowed = off >= 0 if limit == "min_amount" else off <= 0
    assert code(decided(50_00 + off, terms=terms(**{limit: Decimal(50)}))) == (None if allowed else "limit_exceeded")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"terms": None}, "payment_type_unknown"),
        ({"terms": terms(active=False)}, "payment_type_inactive"),
        ({"debtor": None}, "not_found"),
        ({"creditor": None}, "not_found"),
        ({"debtor": account(status="FROZEN")}, "account_frozen"),
        ({"creditor": account(status="FROZEN")}, "account_frozen"),
        ({"debtor": account(status="CLOSED")}, "account_closed"),
        ({"creditor": account(status="CLOSED")}, "account_closed"),
        ({"debtor": account(role="FEE", append_only=True)}, "not_found"),
        ({"creditor": account(role="NOSTRO")}, "not_found"),
        ({"debtor": account(currency="USD")}, "currency_mismatch"),
        ({"creditor": account(currency="USD")}, "currency_mismatch"),
        ({"terms": terms(currencies=frozenset({"USD"}))}, "currency_mismatch"),
        ({"amount_minor": 100_01}, "insufficient_funds"),
        ({"debtor": account(held_minor=99_01)}, "insufficient_funds"),
        ({"debtor": account(booked_minor=0, overdraft_limit_minor=1_00)}, None),
        ({"amount_minor": 100_00}, None),
    ],
)
def test_each_reason_has_its_code(facts: dict[str, Any], expected: str | None) -> None:
    assert code(decided(**facts)) == expected


def test_same_account_is_refused() -> None:
    ada = account()
    assert code(decided(debtor=ada, creditor=ada)) == "same_account"


def test_earlier_items_of_the_batch_count() -> None:
    ada, bob = account(booked_minor=100), account(booked_minor=0)
    first = decided(60, debtor=ada, creditor=bob)
    assert isinstance(first, Allowed)
    ada.promise(60)
    bob.promise(-60)
    assert code(decided(60, debtor=ada, creditor=bob)) == "insufficient_funds"
    assert code(decided(60, debtor=bob, creditor=ada)) is None


def test_fee_that_the_currency_can_not_express_is_refused_not_rounded() -> None:
    yen: dict[str, Any] = {"currency": "JPY", "debtor": account(currency="JPY", booked_minor=10**6), "creditor": account(currency="JPY")}
    assert code(decided(**yen, terms=terms(processing_fee=Decimal("0.5")))) == "validation_failed"
    decision = decided(**yen, terms=terms(processing_fee=Decimal(1)))
    assert isinstance(decision, Allowed)
    assert decision.fee_minor == 1


@pytest.mark.parametrize(("currency", "least", "most"), [("JPY", 2, 10), ("EUR", 150, 1099), ("KWD", 1500, 10995)])
def test_limits_in_major_units_are_exact_in_every_currency(currency: str, least: int, most: int) -> None:
    minor = terms(min_amount=Decimal("1.5"), max_amount=Decimal("10.9951")).in_minor_units(currency)
    assert (minor.min_minor, minor.max_minor) == (least, most)


def test_a_decision_leaves_the_accounts_alone() -> None:
    ada, bob = account(), account()
    before = copy(ada), copy(bob)
    decided(debtor=ada, creditor=bob)
    assert (ada, bob) == before
