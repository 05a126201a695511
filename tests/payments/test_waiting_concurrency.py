"""Waiting payments under concurrency: real threads, real connections, committed transactions."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from accounts.models import Account, Hold, Journal
from payment_engine.clock import now
from payments.models import Payment, RailAttempt, SimulatedPayment
from payments.operations.carry_out import PUT_OFF, carry_out_payments
from payments.operations.send_out import send_out_payments
from payments.operations.submit import submit_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type, payment
from tests.payments.test_concurrency import at_once, booked, tenant, transfer, wait_until_blocked  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_ten_workers_carry_out_300_payments_once(tenant: TenantRecord) -> None:  # noqa: F811
    make_payment_type("LATER", is_synchronous=False)
    ada, bob = make_account(funds_minor=300_00), make_account()
    submit_payments([payment(ada, bob, 1_00, payment_type="LATER") for _ in range(300)])

    def work(_number: int) -> int:
        with tenant_scope(tenant):
            return sum(iter(lambda: carry_out_payments(7), 0))

    assert sum(at_once(10, work, workers=10)) == 300
    assert (booked(ada), booked(bob)) == ("0.00", "300.00")
    assert Counter(Payment.objects.values_list("status", flat=True)) == {"COMPLETED": 300}
    assert Journal.objects.filter(kind="PAYMENT").count() == 300


def test_ten_workers_tell_each_payment_to_its_rail_once(tenant: TenantRecord) -> None:  # noqa: F811
    make_payment_type("OUT", is_synchronous=False, rail="simulator")
    ada = make_account(funds_minor=40_00)
    submit_payments([payment(ada, "GB33BUKB20201555555555", 1_00, payment_type="OUT") for _ in range(40)])

    def work(_number: int) -> int:
        with tenant_scope(tenant):
            return sum(iter(lambda: send_out_payments(3), 0))

    assert sum(at_once(10, work, workers=10)) == 40
    assert booked(ada) == "0.00"
    assert set(SimulatedPayment.objects.values_list("sends", flat=True)) == {1}
    assert Counter(RailAttempt.objects.values_list("number", "status")) == {(1, "ACCEPTED"): 40}


def test_a_payment_that_can_not_be_booked_keeps_no_other_from_it(
    tenant: TenantRecord,  # noqa: F811
    owner_connection: psycopg.Connection[Any],
) -> None:
    make_payment_type("LATER", is_synchronous=False)
    ada, eve, bob = make_account(funds_minor=1_00), make_account(funds_minor=1_00), make_account()
    submit_payments([payment(debtor, bob, 1_00, payment_type="LATER") for debtor in (eve, ada)])
    owner_connection.execute(f"SET search_path = \"{tenant.schema}\"; SET app.current_tenant = '{tenant.slug}'")
    set_held = (
        "ALTER TABLE accounts {} TRIGGER USER; UPDATE accounts SET held_minor = {} WHERE id = '{}'; ALTER TABLE accounts {} TRIGGER USER"
    )
    owner_connection.execute(set_held.format("DISABLE", 0, eve.id, "ENABLE").encode())
    assert (carry_out_payments(), carry_out_payments()) == (1, 0)
    assert (booked(ada), booked(eve), booked(bob)) == ("0.00", "1.00", "1.00")
    put_off = Payment.objects.get(debtor_account_id=eve.id)
    assert put_off.status == "RESERVED"
    assert put_off.next_attempt_at is not None
    assert put_off.next_attempt_at > now() + PUT_OFF / 2
    owner_connection.execute(set_held.format("DISABLE", 1_00, eve.id, "ENABLE").encode())  # as an operator puts it right


def test_payments_that_end_unsent_lock_their_debtors_in_id_order(tenant: TenantRecord) -> None:  # noqa: F811
    """As a payment between the same accounts does: neither waits for the other for ever."""
    make_payment_type("OUT", is_synchronous=False, rail="simulator")
    ada, bob = sorted([make_account(funds_minor=1_00), make_account(funds_minor=1_00)], key=lambda account: account.id)
    for debtor in (bob, ada):
        submit_payments([payment(debtor, "GB33BUKB20201555555555", 1_00, payment_type="OUT")])
    Account.objects.update(status="FROZEN")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Account.objects.select_for_update().get(id=ada.id)
            worker = pool.submit(copy_context().run, send_out_payments)
            wait_until_blocked()
            Account.objects.select_for_update().get(id=bob.id)
        assert worker.result() == 2
        pool.submit(connections.close_all).result()
    assert Counter(Payment.objects.values_list("status", flat=True)) == {"FAILED": 2}


def test_twenty_approvals_at_once_book_one_payment(tenant: TenantRecord) -> None:  # noqa: F811
    make_payment_type("APPROVED", approval_threshold="1")
    ada, bob, maker = make_account(funds_minor=10_00), make_account(), Api(tenant, person="maker")
    made = maker.post("/transactions", {**transfer(ada, bob, "5.00"), "paymentType": "APPROVED"}).json()
    checkers = [Api(tenant, person=f"checker {number}") for number in range(20)]
    answers = at_once(20, lambda number: checkers[number].post(f"/transactions/{made['transactionId']}/approve", {}))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    assert (booked(ada), booked(bob), Journal.objects.filter(kind="PAYMENT").count()) == ("5.00", "5.00", 1)


def test_cancelling_races_with_carrying_out(tenant: TenantRecord) -> None:  # noqa: F811
    """Whoever comes first wins, and the money is where the payment says."""
    make_payment_type("LATER", is_synchronous=False)
    ada, bob, api = make_account(funds_minor=30_00), make_account(), Api(tenant)
    outcomes = submit_payments([payment(ada, bob, 1_00, payment_type="LATER") for _ in range(30)])
    ids = [f"pay_{outcome.payment.id.hex}" for outcome in outcomes if outcome.payment]

    def work(number: int) -> int:
        if number % 3:
            return int(api.post(f"/transactions/{ids[number // 3 * 2 % 30]}/cancel", {}).status_code)
        with tenant_scope(tenant):
            return carry_out_payments(2)

    answers = at_once(60, work)
    assert set(answers) <= {0, 1, 2, 200, 409}
    with tenant_scope(tenant):
        while carry_out_payments():
            pass
    states = Counter(Payment.objects.values_list("status", flat=True))
    assert set(states) <= {"COMPLETED", "CANCELLED"}
    assert booked(bob) == f"{states['COMPLETED']}.00"
    assert Counter(Hold.objects.values_list("status", flat=True)) == Counter(
        {status: count for status, count in (("CAPTURED", states["COMPLETED"]), ("RELEASED", states["CANCELLED"])) if count}
    )
