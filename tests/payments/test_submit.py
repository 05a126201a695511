"""The posting core: decides against running balances, books set-wise, refuses per item."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import Account, BalanceDelta, Journal, Posting
from events.answers import Answer
from events.errors import IdempotencyKeyReused
from events.models import OutboxEvent
from payment_engine.errors import EngineError
from payments.errors import BatchRefused
from payments.models import Payment
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from payments.states import PaymentStatus
from payments.values import Idempotency, Mode, Outcome, Parties, Party, PaymentRecord
from tenants.context import tenant_scope
from tenants.database.pipeline import PipelinedTransaction
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


def booked(account: Account) -> int:
    account.refresh_from_db()
    return account.booked_minor


def answer(result: PaymentRecord | EngineError) -> Answer:
    return Answer(status=201 if isinstance(result, PaymentRecord) else result.status, body=f"{type(result).__name__}")


def test_payment_moves_the_amount_and_tells(tenant_b: TenantRecord) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=10_000), make_account()
    [outcome] = submit_payments([payment(ada, bob, 2_500)])
    assert outcome.payment is not None
    assert (outcome.payment.status, outcome.payment.debtor_booked_minor) == (PaymentStatus.COMPLETED, 7_500)
    assert (booked(ada), booked(bob)) == (7_500, 2_500)
    stored = Payment.objects.get(pk=outcome.payment.id)
    assert (stored.amount_minor, stored.status, stored.journal_id) == (2_500, "COMPLETED", outcome.payment.journal_id)
    assert list(
        Posting.objects.filter(journal_id=outcome.payment.journal_id or "")
        .order_by("line")
        .values_list("amount_minor", "balance_after_minor")
    ) == [
        (-2_500, 7_500),
        (2_500, 2_500),
    ]
    assert OutboxEvent.objects.get(subject_id=stored.id).topic == "payment.completed"
    with tenant_scope(tenant_b):
        assert Payment.objects.count() == Posting.objects.count() == Journal.objects.count() == OutboxEvent.objects.count() == 0


def test_fee_is_taken_on_top_and_waits_as_a_delta() -> None:
    make_payment_type("DEMO_TRANSFER", processing_fee="1.00", max_amount="50000")
    ada, bob = make_account(funds_minor=10_000), make_account()
    [outcome] = submit_payments([payment(ada, bob, 2_500, payment_type="DEMO_TRANSFER")])
    assert outcome.payment is not None
    assert outcome.payment.fee_minor == 100
    assert (booked(ada), booked(bob)) == (7_400, 2_500)
    fees = Account.objects.get(role="FEE", currency="EUR")
    assert BalanceDelta.objects.get(account_id=fees.id).amount_minor == 100


def test_payments_that_wait_or_name_parties_are_stored_beside_those_that_do_neither() -> None:
    make_payment_type(approval_threshold=Decimal(5))
    ada, bob = make_account(funds_minor=10_000), make_account()
    named = Parties(creditor=Party(name='Bob "the" \\ Builder'), ultimate_debtor=Party(name="Müller"))
    items = [payment(ada, bob, amount, parties=parties) for amount in (100, 600) for parties in (None, named)]
    assert [outcome.refusal for outcome in submit_payments([*reversed(items)])] == [None] * 4
    kept = {"creditor": {"name": 'Bob "the" \\ Builder'}, "ultimateDebtor": {"name": "Müller"}}
    stored = {paid.id: (paid.status, paid.amount_minor, paid.parties) for paid in Payment.objects.all()}
    assert [stored[item.id] for item in items] == [
        ("COMPLETED", 100, None),
        ("COMPLETED", 100, kept),
        ("PENDING_APPROVAL", 600, None),
        ("PENDING_APPROVAL", 600, kept),
    ]
    assert Payment.objects.filter(parties__isnull=True).count() == 2


def test_refused_item_does_not_disturb_its_neighbours() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    outcomes = submit_payments([payment(ada, bob, 600), payment(ada, bob, 600), payment(ada, bob, 400)])
    assert [o.refusal.code if o.refusal else None for o in outcomes] == [None, "insufficient_funds", None]
    assert (booked(ada), booked(bob)) == (0, 1_000)
    assert Payment.objects.count() == 2


def test_item_may_spend_what_an_earlier_item_brought() -> None:
    make_payment_type()
    ada, bob, eve = make_account(funds_minor=500), make_account(), make_account()
    outcomes = submit_payments([payment(ada, bob, 500), payment(bob, eve, 500)])
    assert all(o.payment for o in outcomes)
    assert (booked(ada), booked(bob), booked(eve)) == (0, 0, 500)


def test_atomic_batch_is_booked_as_a_whole_or_not_at_all() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    outcomes = submit_payments([payment(ada, bob, 600), payment(ada, bob, 600)], mode=Mode.ATOMIC)
    assert [type(o.refusal).__name__ for o in outcomes] == [BatchRefused.__name__, "InsufficientFunds"]
    assert (booked(ada), Payment.objects.count()) == (1_000, 0)


def test_same_key_gets_the_same_answer_and_moves_nothing() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    key = Idempotency(key="k1", fingerprint=b"1" * 32, answer=answer)
    first = submit_payments([payment(ada, bob, 600, idempotency=key)])[0]
    again = submit_payments([payment(ada, bob, 600, idempotency=key)])[0]
    assert (first.replayed, again.replayed, first.answer) == (False, True, again.answer)
    assert booked(bob) == 600


def test_same_key_twice_in_one_batch_is_one_payment() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    key = Idempotency(key="k1", fingerprint=b"1" * 32, answer=answer)
    first, again = submit_payments([payment(ada, bob, 600, idempotency=key), payment(ada, bob, 600, idempotency=key)])
    assert (first.replayed, again.replayed) == (False, True)
    assert booked(bob) == 600


def test_key_with_another_body_is_refused() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    submit_payments([payment(ada, bob, 600, idempotency=Idempotency(key="k1", fingerprint=b"1" * 32, answer=answer))])
    [outcome] = submit_payments([payment(ada, bob, 601, idempotency=Idempotency(key="k1", fingerprint=b"2" * 32, answer=answer))])
    assert isinstance(outcome.refusal, IdempotencyKeyReused)
    assert booked(bob) == 600


def test_refusal_is_kept_with_its_key() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=100), make_account(funds_minor=900)
    key = Idempotency(key="k1", fingerprint=b"1" * 32, answer=answer)
    assert submit_payments([payment(ada, bob, 600, idempotency=key)])[0].refusal is not None
    submit_payments([payment(bob, ada, 900)])
    again = submit_payments([payment(ada, bob, 600, idempotency=key)])[0]
    assert (again.replayed, booked(ada)) == (True, 1_000)


def key(name: str) -> Idempotency:
    return Idempotency(key=name, fingerprint=b"1" * 32, answer=answer)


def test_a_repeat_and_its_neighbour_in_one_batch() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    [first] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    again, neighbour = submit_payments([payment(ada, bob, 600, idempotency=key("one")), payment(ada, bob, 300, idempotency=key("two"))])
    assert (again.replayed, again.answer) == (True, first.answer)
    assert neighbour.payment is not None
    assert (booked(ada), booked(bob), Payment.objects.count()) == (100, 900, 2)


def test_a_repeat_is_answered_where_its_money_is_gone() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=600), make_account()
    [first] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    [again] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    assert (again.replayed, again.refusal, again.answer) == (True, None, first.answer)
    assert (booked(ada), booked(bob)) == (0, 600)


def test_an_atomic_batch_sent_twice_is_booked_once() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=600), make_account(funds_minor=100)
    items = [payment(ada, bob, 600, idempotency=key("one")), payment(bob, ada, 50, idempotency=key("two"))]
    submit_payments(items, mode=Mode.ATOMIC)
    assert [outcome.replayed for outcome in submit_payments(items, mode=Mode.ATOMIC)] == [True, True]
    assert (booked(ada), booked(bob)) == (50, 650)


def test_a_repeat_within_a_larger_transaction_leaves_it_whole() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    with transaction.atomic():
        submit_payments([payment(ada, bob, 100)])
        [again] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    assert again.replayed
    assert (booked(ada), booked(bob)) == (300, 700)


def test_daily_limit_counts_the_whole_day() -> None:
    make_payment_type("DAILY", daily_limit="10.00")
    ada, bob = make_account(funds_minor=10_000), make_account()
    first = submit_payments([payment(ada, bob, 600, payment_type="DAILY"), payment(ada, bob, 500, payment_type="DAILY")])
    second = submit_payments([payment(ada, bob, 400, payment_type="DAILY"), payment(ada, bob, 1, payment_type="DAILY")])
    assert [o.refusal.code if o.refusal else None for o in first + second] == [None, "limit_exceeded", None, "limit_exceeded"]


def test_creditor_may_be_named_by_iban() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account(iban="DE89370400440532013000")
    [outcome] = submit_payments([payment(ada, "DE89370400440532013000", 600)])
    assert outcome.payment is not None
    assert booked(bob) == 600


def test_account_of_another_tenant_is_unknown(tenant_b: TenantRecord) -> None:
    make_payment_type()
    ada = make_account(funds_minor=1_000)
    with tenant_scope(tenant_b):
        theirs = make_account(funds_minor=1_000)
    outcomes = submit_payments([payment(ada, theirs, 10), payment(theirs, ada, 10)])
    assert [o.refusal.code if o.refusal else None for o in outcomes] == ["not_found", "not_found"]


def test_money_given_back_counts_from_the_day_it_was_taken() -> None:
    make_payment_type()
    ada, bob, later = make_account(funds_minor=500), make_account(), datetime.now(UTC).date() + timedelta(days=3)
    [made] = submit_payments([payment(ada, bob, 500, requested_execution_date=later)])
    assert made.payment is not None
    reversal = reverse_payment(payment_id=made.payment.id, amount_minor=None, reason="by mistake")
    assert set(Posting.objects.filter(journal_id=reversal.journal_id).values_list("value_date", flat=True)) == {made.payment.value_date}
    assert made.payment.value_date >= later


def test_what_is_written_along_comes_after_every_way_a_batch_can_go() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=500), make_account()
    told: list[list[bool]] = []

    def note(transaction: PipelinedTransaction, outcomes: Sequence[Outcome]) -> None:
        told.append([outcome.refusal is None for outcome in outcomes])
        transaction.execute("UPDATE accounts SET name = %s WHERE id = %s", [f"noted {len(told)}", bob.id])

    submit_payments([payment(ada, bob, amount) for amount in (100, 900)], along=note)
    submit_payments([], along=note)
    assert (told, booked(bob), bob.name) == ([[True, False], []], 100, "noted 2")

    def note_at_second_try(transaction: PipelinedTransaction, outcomes: Sequence[Outcome]) -> None:
        if len(told) == 2:
            transaction.execute("INSERT INTO payment_types SELECT * FROM payment_types")  # a key that is taken
        note(transaction, outcomes)

    submit_payments([payment(ada, bob, amount) for amount in (200, 900)], along=note_at_second_try)
    assert (told[2:], booked(bob), bob.name) == ([[True, False], [True, False]], 300, "noted 4")
