"""A second wave."""

import random
import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account, BalanceDelta
from accounts.operations.fold import fold_balances
from accounts.operations.shared_accounts import ensure_shared_account
from payment_engine.clock import now
from payments.models import LimitUsage, Payment
from payments.operations.submit import submit_payments
from payments.values import Mode
from payments.velocity import Window
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.accounts.plain_sql import insert_journal, insert_postings
from tests.api import Api
from tests.factories import make_account, make_payment_type, payment
from tests.review.test_attacks import keyed


@pytest.mark.django_db
def test_daily_limit_above_what_a_usage_can_count(in_tenant_a: TenantRecord) -> None:
    make_payment_type("HUGE", daily_limit=10**17)
    ada, bob, eve = make_account(funds_minor=10**18 - 1), make_account(), make_account(funds_minor=100)
    LimitUsage.objects.create(
        account_id=ada.id,
        payment_type="HUGE",
        window_kind=Window.DAY,
        window_start=Window.DAY.start(now()),
        amount_minor=9 * 10**18,
        count=9,
        counted_until=now(),
    )
    outcomes = submit_payments([payment(ada, bob, 10**18 - 1, payment_type="HUGE"), payment(eve, bob, 1, payment_type="HUGE")])
    assert [o.refusal.code if o.refusal else None for o in outcomes] == ["limit_exceeded", None]


@pytest.mark.django_db
def test_atomic_batch_with_an_item_refused_before_books_nothing(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob = make_account(funds_minor=100), make_account()
    [refused] = submit_payments([payment(ada, bob, 200, idempotency=keyed("poor"))])
    assert refused.refusal is not None
    submit_payments([payment(ada, bob, 50), payment(ada, bob, 200, idempotency=keyed("poor"))], mode=Mode.ATOMIC)
    assert Payment.objects.count() == 0


@pytest.mark.django_db
def test_a_refused_payment_opens_no_fee_account(in_tenant_a: TenantRecord) -> None:
    make_payment_type("WITH_FEE", processing_fee=1, currencies=["EUR"])
    ada, bob = make_account(funds_minor=100), make_account()
    submit_payments([payment(ada, bob, 1, currency="KWD", payment_type="WITH_FEE")])
    assert not Account.objects.filter(role="FEE").exists()


@pytest.mark.django_db(transaction=True)
def test_folds_at_once_do_not_deadlock(in_tenant_a: TenantRecord) -> None:
    currencies = ("EUR", "USD", "JPY", "KWD", "GBP", "CHF", "SEK", "NOK")
    shared = {(role, c): ensure_shared_account(role=role, currency=c) for role in ("FEE", "EQUITY", "SUSPENSE") for c in currencies}
    made = dict.fromkeys(shared, 0)
    for _ in range(300):
        some = random.sample(currencies, random.randint(1, len(currencies)))
        moves = [((role, c), minor) for c in some for role, minor in (("FEE", 2), ("EQUITY", -1), ("SUSPENSE", -1))]
        random.shuffle(moves)
        insert_postings(insert_journal(len(moves)), *((shared[which], minor, which[1], None, None) for which, minor in moves))
        for which, minor in moves:
            made[which] += minor
    errors: list[Exception] = []

    def work() -> None:
        try:
            with tenant_scope(in_tenant_a):
                while fold_balances(limit=random.choice([7, 50, 130, 300])):
                    pass
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert BalanceDelta.objects.count() == 0
    assert {(a.role, a.currency): a.booked_minor for a in Account.objects.filter(append_only=True)} == made


@pytest.mark.django_db
def test_two_tenants_same_key(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    bodies: dict[str, Any] = {}
    for tenant in (in_tenant_a, tenant_b):
        with tenant_scope(tenant):
            make_payment_type()
            ada, bob = make_account(funds_minor=100), make_account()
            body = {
                "paymentType": "INTERNAL_TRANSFER",
                "debtorAccount": ada.public_id,
                "creditorAccount": bob.public_id,
                "currency": "EUR",
                "amount": "0.10",
            }
        bodies[tenant.slug] = Api(tenant).post("/transactions", body, key="same").json()
    assert bodies["alpha-bank"]["transactionId"] != bodies["beta-bank"]["transactionId"]


@pytest.mark.django_db
def test_key_of_a_payment_is_no_key_of_its_reversal(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob, api = make_account(funds_minor=100), make_account(), Api(in_tenant_a)
    body = {
        "paymentType": "INTERNAL_TRANSFER",
        "debtorAccount": ada.public_id,
        "creditorAccount": bob.public_id,
        "currency": "EUR",
        "amount": "0.10",
    }
    made = api.post("/transactions", body, key="k").json()["transactionId"]
    assert api.post(f"/transactions/{made}/reverse", {"reason": "x"}, key="k").status_code == 422
    assert api.post(f"/transactions/{made}/reverse", {"reason": "x"}, key="r").status_code == 201
    assert api.post("/transactions", body, key="r").status_code == 422
    assert api.post("/customers", {"name": "Ada"}, key="r").status_code == 422
