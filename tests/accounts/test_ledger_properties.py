"""Whatever is booked in whatever order: balances are the sums of their postings, and every proof of it holds."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.errors import InsufficientFunds
from accounts.models import Account, Journal, Posting
from accounts.operations.accounts import set_overdraft_limit
from accounts.operations.fold import fold_balances
from accounts.operations.journals import post_manual_journal, post_opening_balance
from accounts.queries.balances import balance_at
from accounts.queries.statements import statement
from config_mgmt.snapshots import forget_snapshots
from payment_engine.errors import EngineError
from payments.models import Payment
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from payments.values import Mode
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
Accounts = list[Account]
Step = Callable[[Accounts], object]
WHO = st.integers(0, 2)
AMOUNT = st.integers(1, 2_000)
TYPES = st.sampled_from(["FREE", "CHARGED", "LIMITED"])


def pay(items: list[tuple[int, int, int, str]], mode: Mode) -> Step:
    return lambda accounts: submit_payments(
        [payment(accounts[debtor], accounts[creditor], amount, payment_type=kind) for debtor, creditor, amount, kind in items], mode=mode
    )


def move(debit: int, credit: int, amount: int) -> Step:
    def step(accounts: Accounts) -> None:
        post_manual_journal(
            debit_account_id=accounts[debit].id,
            credit_account_id=accounts[credit].id,
            amount_minor=amount,
            currency="EUR",
            description="by hand",
            created_by="test",
        )

    return step


def reverse(which: int, amount: int | None) -> Step:
    def step(_accounts: Accounts) -> None:
        payments = list(Payment.objects.order_by("created_at", "id").values_list("id", flat=True))
        if payments:
            reverse_payment(payment_id=payments[which % len(payments)], amount_minor=amount, reason="test")

    return step


STEPS = st.one_of(
    st.builds(pay, st.lists(st.tuples(WHO, WHO, AMOUNT, TYPES), min_size=1, max_size=5), st.sampled_from(Mode)),
    st.builds(move, WHO, WHO, AMOUNT),
    st.builds(reverse, st.integers(0, 9), st.none() | AMOUNT),
    st.builds(lambda who, amount: lambda a: post_opening_balance(account_id=a[who].id, amount_minor=amount, currency="EUR"), WHO, AMOUNT),
    st.builds(lambda who, limit: lambda a: set_overdraft_limit(account_id=a[who].id, overdraft_limit_minor=limit), WHO, AMOUNT),
    st.builds(lambda limit: lambda _: fold_balances(limit=limit), st.integers(1, 3)),
)


def take(step: Step, accounts: Accounts) -> None:
    """A refusal is an answer, and must leave no trace."""
    before = Posting.objects.count()
    try:
        step(accounts)
    except EngineError:
        assert Posting.objects.count() == before


def assert_books_are_right() -> None:
    assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []
    today = datetime.now(UTC).date()
    total = 0
    for account in Account.objects.all():
        postings = list(Posting.objects.filter(account_id=account.id).order_by("created_at", "id"))
        sums = list(accumulate((posting.amount_minor for posting in postings), initial=0))
        total += sums[-1]
        assert balance_at(account.id).booked_minor == sums[-1]
        of_today = statement(account.id, today)
        assert (of_today.opening_minor, of_today.closing_minor) == (0, sums[-1])
        assert [entry.amount_minor for entry in of_today.entries] == [posting.amount_minor for posting in postings]
        booked_at = dict(zip((posting.created_at for posting in postings), sums[1:], strict=True))  # the last of each moment counts
        assert {moment: balance_at(account.id, moment).booked_minor for moment in booked_at} == booked_at
    assert total == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_books_are_right_after_any_steps(steps: list[Step]) -> None:
    with transaction.atomic():
        forget_snapshots()
        make_payment_type("FREE")
        make_payment_type("CHARGED", processing_fee="0.07")
        make_payment_type("LIMITED", daily_limit="15.00", processing_fee="0.01")
        accounts = [make_account(funds_minor=1_500), make_account(overdraft_limit_minor=700), make_account()]
        for step in steps:
            take(step, accounts)
        assert_books_are_right()
        transaction.set_rollback(True)


def test_a_refused_manual_journal_leaves_no_trace() -> None:
    accounts = [make_account(funds_minor=100), make_account(), make_account()]
    with pytest.raises(InsufficientFunds):
        move(0, 1, 101)(accounts)
    assert Journal.objects.filter(kind="MANUAL").count() == 0


def test_any_step_is_reached() -> None:
    """The property above is worth something only if its steps do something."""
    steps: list[Any] = [pay([(0, 1, 500, "CHARGED")], Mode.ATOMIC), reverse(0, 200), move(1, 2, 10)]
    make_payment_type("CHARGED", processing_fee="0.07")
    accounts = [make_account(funds_minor=1_500), make_account(), make_account()]
    for step in steps:
        step(accounts)
    assert set(Journal.objects.values_list("kind", flat=True)) == {"OPENING", "PAYMENT", "REVERSAL", "MANUAL"}
    assert_books_are_right()
