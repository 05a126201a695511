"""Keys are taken for new until one comes again; whoever sends something twice gets the same answer either way."""

import time
from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Account
from events.answers import Answer
from payment_engine.errors import EngineError
from payments.models import Payment
from payments.operations import repeats, writes
from payments.operations.submit import submit_payments
from payments.values import Idempotency, Mode, PaymentRecord
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


def key(name: str) -> Idempotency:
    def answer(result: PaymentRecord | EngineError) -> Answer:
        return Answer(status=201 if isinstance(result, PaymentRecord) else result.status, body=f"{name}: {type(result).__name__}")

    return Idempotency(key=name, fingerprint=b"1" * 32, answer=answer)


def booked(account: Account) -> int:
    account.refresh_from_db()
    return account.booked_minor


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The keys that were looked up before anything was written, batch by batch."""
    seen: list[list[str]] = []
    look_up: Callable[..., object] = writes.queue_kept_answers

    def watched(pipelined: object, keys: list[str]) -> object:
        seen.append(list(keys))
        return look_up(pipelined, keys)

    monkeypatch.setattr(writes, "queue_kept_answers", watched)
    return seen


def test_new_keys_are_not_looked_up(looked_up: list[list[str]]) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    submit_payments([payment(ada, bob, 100, idempotency=key("one")), payment(ada, bob, 100, idempotency=key("two"))])
    assert looked_up == [[]]
    assert not repeats.expected()


def test_a_key_that_comes_again_brings_its_answer_and_its_neighbours_are_booked_once(looked_up: list[list[str]]) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    [first] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    again, neighbour = submit_payments([payment(ada, bob, 600, idempotency=key("one")), payment(ada, bob, 300, idempotency=key("two"))])
    assert (again.replayed, again.answer) == (True, first.answer)
    assert neighbour.payment is not None
    assert (booked(ada), booked(bob), Payment.objects.count()) == (100, 900, 2)
    assert looked_up == [[], [], ["one", "two"]]


def test_keys_are_looked_up_at_once_for_a_minute_afterwards(
    looked_up: list[list[str]], monkeypatch: pytest.MonkeyPatch, tenant_b: TenantRecord
) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    for _ in range(3):
        submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    assert looked_up == [[], [], ["one"], ["one"]]
    with tenant_scope(tenant_b):
        assert not repeats.expected()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert not repeats.expected()


def test_a_repeat_is_answered_where_its_money_is_gone() -> None:
    """The first attempt refuses it, and finds out by keeping the refusal."""
    make_payment_type()
    ada, bob = make_account(funds_minor=600), make_account()
    [first] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    [again] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    assert (again.replayed, again.refusal, again.answer) == (True, None, first.answer)
    assert (booked(ada), booked(bob)) == (0, 600)


def test_an_atomic_batch_looks_its_keys_up(looked_up: list[list[str]]) -> None:
    """It writes nothing when one of it is refused, and would call a repeat refused."""
    make_payment_type()
    ada, bob = make_account(funds_minor=600), make_account(funds_minor=100)
    items = [payment(ada, bob, 600, idempotency=key("one")), payment(bob, ada, 50, idempotency=key("two"))]
    submit_payments(items, mode=Mode.ATOMIC)
    again = submit_payments(items, mode=Mode.ATOMIC)
    assert [outcome.replayed for outcome in again] == [True, True]
    assert looked_up == [["one", "two"], ["one", "two"]]


def test_a_repeat_within_a_larger_transaction_leaves_it_whole() -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    with transaction.atomic():
        submit_payments([payment(ada, bob, 100)])
        [again] = submit_payments([payment(ada, bob, 600, idempotency=key("one"))])
    assert again.replayed
    assert (booked(ada), booked(bob)) == (300, 700)
