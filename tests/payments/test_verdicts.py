"""Verdicts of every rule agree with `decide`, whatever the payment."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.ledger.drafts import BALANCE_MAX_MINOR, LockedAccount
from payment_engine.errors import EngineError
from payments.fees import FeePayer, FeeSchedule, FeeType
from payments.rules import decide
from payments.velocity import EVERY_TYPE, Used, VelocityLimit, Window
from payments.verdicts import Facts, Rule, verdicts
from tests.payments.test_rules import FEE_ACCOUNT, account, terms

_some = st.one_of(st.none(), st.decimals(0, 300, places=2))
_limits = st.lists(
    st.builds(VelocityLimit, window=st.sampled_from(Window), max_count=st.one_of(st.none(), st.integers(1, 5)), max_amount=_some),
    max_size=3,
).map(tuple)
_terms = st.builds(
    terms,
    active=st.sampled_from([True, True, True, False]),
    currencies=st.sampled_from([frozenset[str](), frozenset({"EUR"}), frozenset({"CHF"})]),
    min_amount=_some,
    max_amount=_some,
    daily_limit=_some,
    max_daily_limit=_some,
    velocity_limits=_limits,
    approval_threshold=_some,
    fee_schedule=st.one_of(
        st.none(), st.builds(FeeSchedule, type=st.just(FeeType.FLAT), payer=st.sampled_from(FeePayer), amount=st.decimals(0, 300, places=3))
    ),
)
_accounts = st.one_of(
    st.none(),
    st.builds(
        account,
        status=st.sampled_from(["OPEN", "OPEN", "OPEN", "FROZEN", "CLOSED"]),
        currency=st.sampled_from(["EUR", "EUR", "EUR", "JPY"]),
        role=st.sampled_from(["CUSTOMER", "CUSTOMER", "FEE"]),
        booked_minor=st.sampled_from([0, 100_00, 10**12, BALANCE_MAX_MINOR - 1]),
    ),
)
_used = st.dictionaries(
    st.tuples(st.sampled_from(["T", EVERY_TYPE]), st.sampled_from(Window)), st.builds(Used, st.integers(0, 300_00), st.integers(0, 6))
)


@given(
    amount=st.integers(1, 400_00), kind=_terms, debtor=_accounts, creditor=_accounts, used=_used, same=st.sampled_from([False, False, True])
)
def test_a_payment_is_allowed_if_no_rule_refuses_it_and_decide_names_one_that_does(  # noqa: PLR0917  # given by name
    amount: int, kind: Any, debtor: LockedAccount | None, creditor: LockedAccount | None, used: Any, same: bool
) -> None:
    creditor = debtor if same else creditor
    facts = Facts(amount_minor=amount, currency="EUR", terms=kind, debtor=debtor, creditor=creditor, used=used)
    decision = decide(
        amount_minor=amount, currency="EUR", terms=kind, debtor=debtor, creditor=creditor, fee_account_id=FEE_ACCOUNT, used=used
    )
    refusals = [(verdict.refusal.code, verdict.refusal.detail) for verdict in verdicts(facts) if verdict.refusal is not None]
    if isinstance(decision, EngineError):
        assert (decision.code, decision.detail) in refusals
    else:
        assert refusals == []
        assert all(verdict.judged for verdict in verdicts(facts))


def _refused(**given: Any) -> set[Rule]:
    facts: dict[str, Any] = {
        "amount_minor": 100,
        "currency": "EUR",
        "terms": terms(),
        "debtor": account(),
        "creditor": account(),
        "used": {},
    }
    return {verdict.rule for verdict in verdicts(Facts(**facts | given)) if verdict.refusal is not None}


def test_rules_are_judged_beside_one_another() -> None:
    poor, frozen = account(booked_minor=0), account(status="FROZEN")
    assert _refused(terms=terms(max_amount=Decimal("0.5")), debtor=poor, creditor=frozen) == {Rule.LARGEST, Rule.FUNDS, Rule.CREDITOR}


def test_what_can_not_be_compared_is_not_judged() -> None:
    facts = Facts(amount_minor=100, currency="EUR", terms=terms(daily_limit=Decimal(5)), debtor=None, creditor=account(), used={})
    assert {verdict.rule for verdict in verdicts(facts) if not verdict.judged} == {Rule.USAGE, Rule.FUNDS}


def test_terms_without_limits_have_no_verdicts_about_them() -> None:
    facts = Facts(amount_minor=100, currency="EUR", terms=terms(), debtor=account(), creditor=account(), used={})
    assert not {verdict.rule for verdict in verdicts(facts)} & {Rule.SMALLEST, Rule.LARGEST, Rule.USAGE, Rule.APPROVAL, Rule.FEE_COVERED}
