"""A UETR is one payment's name, at every bank it passes: no message makes two payments with it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction
from psycopg import sql

from accounts.ledger.sql import packed_ids
from accounts.models import Account
from payment_engine.ids import new_id
from payments.models import Payment
from payments.operations.submit import submit_payments
from payments.operations.writes import USED_UETRS
from payments.values import SubmitPayment
from tenants.context import tenant_scope
from tenants.database.pipeline import pipelined_transaction
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db]


def of_file(debtor: Account, creditor: Account, amount_minor: int, uetr: UUID) -> SubmitPayment:
    return payment(debtor, creditor, amount_minor, message_id=new_id(), uetr=uetr)


def codes(*items: SubmitPayment) -> list[str | None]:
    return [outcome.refusal.code if outcome.refusal else None for outcome in submit_payments(items)]


def test_second_payment_with_a_uetr_is_refused(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    make_payment_type()
    ada, bob, uetr = make_account(funds_minor=1_000), make_account(), uuid4()
    assert codes(of_file(ada, bob, 300, uetr), of_file(ada, bob, 700, uetr), of_file(ada, bob, 1, uuid4())) == [None, "uetr_used", None]
    assert codes(of_file(bob, ada, 5, uetr)) == ["uetr_used"]
    bob.refresh_from_db()
    assert bob.booked_minor == 301
    assert sorted(Payment.objects.filter(uetr=uetr).values_list("status", flat=True)) == ["COMPLETED", "REJECTED", "REJECTED"]
    with tenant_scope(tenant_b):
        make_payment_type()
        assert codes(of_file(make_account(funds_minor=100), make_account(), 100, uetr)) == [None]


def test_uetr_of_a_rejected_payment_may_come_again(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob, uetr = make_account(funds_minor=100), make_account(), uuid4()
    assert codes(of_file(ada, bob, 101, uetr), of_file(ada, bob, 100, uetr)) == ["insufficient_funds", None]


def test_postgresql_refuses_it_too(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob, uetr = make_account(funds_minor=100), make_account(), uuid4()
    assert codes(of_file(ada, bob, 1, uetr), of_file(ada, bob, 1, uuid4())) == [None, None]
    other = Payment.objects.exclude(uetr=uetr).get()
    other.pk, other.uetr = new_id(), uetr
    with pytest.raises(IntegrityError, match="payment_uetr_unique_in_messages"), transaction.atomic():
        other.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_files_at_the_same_time(in_tenant_a: TenantRecord) -> None:
    """Their debtors differ, so no lock makes one of them wait for the other: the index does."""
    make_payment_type()
    pairs = [(make_account(funds_minor=1_000), make_account()) for _ in range(2)]
    uetrs, barrier = [uuid4() for _ in range(20)], Barrier(2)

    def book(pair: tuple[Account, Account]) -> list[str | None]:
        with tenant_scope(in_tenant_a), transaction.atomic():
            barrier.wait(10)
            found = codes(*(of_file(*pair, 1, uetr) for uetr in uetrs))
        connections.close_all()
        return found

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(book, pairs))
    assert sorted(answer.count(None) for answer in answers) == [0, 20]
    assert sorted(answer.count("uetr_used") for answer in answers) == [0, 20]
    assert Payment.objects.filter(status="COMPLETED").count() == 20


@pytest.mark.django_db(transaction=True)
def test_look_up_is_by_the_index(in_tenant_a: TenantRecord, owner_connection: psycopg.Connection[Any]) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=1_000), make_account()
    submit_payments([of_file(ada, bob, 1, uuid4()) for _ in range(300)])
    owner_connection.execute(sql.SQL("ANALYZE {}.transactions").format(sql.Identifier(in_tenant_a.schema)))
    with pipelined_transaction() as core:
        plan = core.queue(f"EXPLAIN {USED_UETRS}", [packed_ids([uuid4() for _ in range(200)])]).fetchall()
    assert "using payment_uetr_unique_in_messages" in str(plan), plan
