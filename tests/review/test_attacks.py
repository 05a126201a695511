"""Attacks of a stranger on money, keys and connections."""

import threading
from contextlib import suppress

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from events.answers import Answer
from events.models import IdempotencyKey
from payment_engine.errors import EngineError
from payment_engine.money import AmountInvalid, parse_amount
from payments.models import Payment
from payments.operations.submit import submit_payments
from payments.snapshot import current_snapshot
from payments.values import Idempotency, PaymentRecord
from tenants.context import tenant_scope
from tenants.database.pipeline import pipelined_transaction
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_customer, make_payment_type, payment


def answer(result: PaymentRecord | EngineError) -> Answer:
    return Answer(status=201 if isinstance(result, PaymentRecord) else result.status, body=f"{type(result).__name__}")


def keyed(key: str) -> Idempotency:
    return Idempotency(key=key, fingerprint=key.encode(), answer=answer)


def test_amount_with_thousands_of_leading_zeros() -> None:
    assert parse_amount("0" * 5000 + "1.50", "EUR") == 150
    with pytest.raises(AmountInvalid):
        parse_amount("0" * 5000, "EUR")


@pytest.mark.django_db
def test_amount_with_leading_zeros_at_the_door(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=10_000), make_account()
    body = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "currency": "EUR"}
    assert Api(in_tenant_a).post("/transactions", body | {"amount": "0" * 5000 + "1"}).status_code == 201
    raw = '{"paymentType":"INTERNAL_TRANSFER","debtorAccount":"%s","creditorAccount":"%s","currency":"EUR","amount":%s}'
    for literal in ("1" + "0" * 5000, "1" * 5000 + ".5", "1e9999999999", "1.0e-9999999999999999999999"):
        assert Api(in_tenant_a).post("/transactions", raw % (ada.public_id, bob.public_id, literal)).status_code in {400, 422}, literal[:10]


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["1e1000000", "1e-1000000", "1E+999999999999999999", "inf", "snan", "9" * 40, "-0", "0" * 5000])
def test_overdraft_limit_no_decimal_can_hold(in_tenant_a: TenantRecord, limit: str) -> None:
    customer = make_customer()
    body = {"customerId": f"cus_{customer.id.hex}", "currency": "EUR", "name": "Ada", "overdraftLimit": limit}
    assert Api(in_tenant_a).post("/accounts", body).status_code in {201, 422}
    assert Api(in_tenant_a).post("/accounts", body, key=None).status_code in {201, 422}


@pytest.mark.django_db(transaction=True)
def test_fee_account_of_a_transaction_that_failed_is_forgotten(in_tenant_a: TenantRecord) -> None:
    make_payment_type("WITH_FEE", processing_fee=1)
    ada, bob = make_account(funds_minor=10_000), make_account()
    with transaction.atomic():
        submit_payments([payment(ada, bob, payment_type="WITH_FEE")])
        transaction.set_rollback(True)
    [outcome] = submit_payments([payment(ada, bob, payment_type="WITH_FEE")])
    assert outcome.payment is not None


@pytest.mark.django_db(transaction=True)
def test_fee_account_not_yet_committed_is_nobody_elses(in_tenant_a: TenantRecord) -> None:
    make_payment_type("WITH_FEE", processing_fee=1)
    ada, bob, eve, kim = make_account(funds_minor=10_000), make_account(), make_account(funds_minor=10_000), make_account()
    current_snapshot()
    failures: list[Exception] = []

    def other() -> None:
        try:
            with tenant_scope(in_tenant_a):
                submit_payments([payment(eve, kim, payment_type="WITH_FEE")])
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        submit_payments([payment(ada, bob, payment_type="WITH_FEE")])
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.6)
    thread.join()
    assert failures == []
    assert Payment.objects.count() == 2


@pytest.mark.django_db
def test_creditor_that_cannot_hold_more_is_refused_alone(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    most = 10**18 - 1
    ada, eve = make_account(funds_minor=most - 1, overdraft_limit_minor=1), make_account(funds_minor=1_000)
    bob = make_account(funds_minor=1, overdraft_limit_minor=most)
    outcomes = submit_payments([payment(ada, bob, most), payment(eve, ada, 1)])
    assert [o.refusal.code if o.refusal else None for o in outcomes] == ["limit_exceeded", None]


@pytest.mark.django_db(transaction=True)
def test_key_of_long_ago_is_refused_alone(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=10_000), make_account()
    submit_payments([payment(ada, bob, idempotency=keyed("old"))])
    IdempotencyKey.objects.all().delete()
    outcomes = submit_payments([payment(ada, bob, idempotency=keyed(key)) for key in ("new-1", "old", "new-2")])
    assert [o.refusal.code if o.refusal else None for o in outcomes] == [None, "idempotency_key_reused", None]
    assert [o.replayed for o in outcomes] == [False, False, False]


@pytest.mark.django_db(transaction=True)
def test_batches_that_share_keys_in_opposite_order_do_not_deadlock(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    pairs = [(make_account(funds_minor=10**9), make_account()) for _ in range(2)]
    current_snapshot()
    errors: list[BaseException] = []
    booked: list[int] = [0, 0]
    for round_ in range(15):
        keys = [f"{round_}-{n}" for n in range(200)]
        start = threading.Barrier(2)

        def work(number: int, keys: list[str] = keys, start: threading.Barrier = start) -> None:
            mine = keys if number else keys[::-1]
            items = [payment(*pairs[number], idempotency=keyed(key)) for key in mine]
            try:
                with tenant_scope(in_tenant_a):
                    current_snapshot()
                    start.wait()
                    booked[number] += sum(o.payment is not None for o in submit_payments(items))
            except BaseException as error:  # noqa: BLE001
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert sum(booked) == 15 * 200


@pytest.mark.django_db(transaction=True)
def test_an_error_the_body_passed_over_is_not_taken_for_a_commit(in_tenant_a: TenantRecord) -> None:
    def passes_over() -> None:
        with pipelined_transaction() as pipelined, suppress(psycopg.Error):
            pipelined.queue("SELECT 1/0").fetchall()

    with pytest.raises(DatabaseError):
        passes_over()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "reference=%00",
        "idempotencyKey=%00",
        "createdAt[gte]=0001-01-01T00:00:00%2B14:00",
        "createdAt[lte]=9999-12-31T23:59:59-14:00",
        "paymentType=%EF%BF%BE",
        "reference=%ED%A0%80",
        "cursor=%00",
        "limit=%D9%A1",
    ],
)
def test_queries_of_a_stranger(in_tenant_a: TenantRecord, query: str) -> None:
    assert Api(in_tenant_a).get(f"/transactions?{query}").status_code in {200, 400, 404, 422}


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["a\x01b", "a\ufffeb", "a\x85b", "\x1b[31m", "x" * 140, "  ", "\U0001f4a9" * 140])
def test_text_xml_cannot_carry_does_not_spoil_the_statement(in_tenant_a: TenantRecord, text: str) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=10_000), make_account()
    body = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "currency": "EUR"}
    api = Api(in_tenant_a)
    for member in ("reference", "endToEndId", "remittanceInformation"):
        assert api.post("/transactions", body | {"amount": "1", member: text}).status_code in {201, 422}
    made = api.post("/transactions", body | {"amount": "1"}).json()["transactionId"]
    assert api.post(f"/transactions/{made}/reverse", {"reason": text}).status_code in {201, 422}
    for account in (ada, bob):
        assert api.get(f"/iso20022/accounts/{account.public_id}/camt053").status_code == 200
