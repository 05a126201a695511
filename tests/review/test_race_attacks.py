"""Races at the doors."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from accounts.models import Account
from events.models import IdempotencyKey
from payments.models import Payment, Reversal
from payments.queries.verify import verify_tenant
from tenants.database.base import look_after_connections
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_customer, make_payment_type

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, work: Any, workers: int = 12) -> list[Any]:
    def run(n: int) -> Any:
        try:
            return work(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(count)))


def body(a: Account, b: Account, amount: str = "1.00") -> dict[str, str]:
    return {
        "paymentType": "INTERNAL_TRANSFER",
        "debtorAccount": a.public_id,
        "creditorAccount": b.public_id,
        "amount": amount,
        "currency": "EUR",
    }


def test_everything_at_once(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    api = Api(in_tenant_a)
    accounts = [make_account(funds_minor=1000_00) for _ in range(4)]
    made = [api.post("/transactions", body(accounts[n % 4], accounts[(n + 1) % 4])).json()["transactionId"] for n in range(20)]

    def work(n: int) -> tuple[int, Any]:
        a, b = accounts[n % 4], accounts[(n * 7 + 1) % 4]
        match n % 5:
            case 0 | 1:
                r = api.post("/transactions", body(a, b), key=f"key-{n % 37}")
            case 2:
                r = api.post(f"/transactions/{made[n % 20]}/reverse", {"reason": "r", "amount": "0.10"}, key=f"rev-{n % 23}")
            case 3:
                r = api.send("PATCH", f"/accounts/{a.public_id}", {"status": "FROZEN" if n % 2 else "OPEN"})
            case _:
                r = api.send("PATCH", f"/accounts/{a.public_id}", {"overdraftLimit": "5.00" if n % 2 else "0.00"})
        return r.status_code, r.json().get("code")

    seen = Counter(at_once(300, work))
    assert not [s for s in seen if s[0] >= 500], seen
    assert [v for v in verify_tenant() if v.violation_count] == []


def test_one_key_for_reversal_many_times(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
    made = api.post("/transactions", body(ada, bob, "10.00")).json()["transactionId"]
    seen = Counter(
        at_once(20, lambda _: api.post(f"/transactions/{made}/reverse", {"reason": "r", "amount": "1.00"}, key="one").status_code)
    )
    assert seen == {201: 20}
    assert Reversal.objects.count() == 1


def test_one_key_for_payment_and_reversal_and_customer(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
    made = api.post("/transactions", body(ada, bob, "10.00")).json()["transactionId"]
    for round_ in range(6):

        def work(n: int, key: str = f"k{round_}") -> int:
            match n % 3:
                case 0:
                    return int(api.post("/transactions", body(ada, bob), key=key).status_code)
                case 1:
                    return int(api.post(f"/transactions/{made}/reverse", {"reason": "r", "amount": "0.10"}, key=key).status_code)
                case _:
                    return int(api.post("/customers", {"name": "Ada"}, key=key).status_code)

        seen = Counter(at_once(12, work))
        assert set(seen) <= {201, 422}, seen
    assert [v for v in verify_tenant() if v.violation_count] == []


def test_one_iban_taken_at_once(in_tenant_a: TenantRecord) -> None:
    api, customer = Api(in_tenant_a), make_customer()
    account = {"customerId": f"cus_{customer.id.hex}", "currency": "EUR", "name": "Ada", "iban": "DE89370400440532013000"}
    assert Counter(at_once(12, lambda _: api.post("/accounts", account).status_code)) == {201: 1, 409: 11}
    assert Counter(at_once(12, lambda _: api.post("/accounts", account | {"iban": "AT611904300234573201"}, key="k").status_code)) == {
        201: 12
    }


@pytest.mark.parametrize("share", [True, False])
def test_connections_cut_all_the_time(in_tenant_a: TenantRecord, settings: Any, share: bool) -> None:
    settings.PAYMENTS_SHARE_TRANSACTIONS = share
    make_payment_type()
    api, ada, bob = Api(in_tenant_a), make_account(funds_minor=1000_00), make_account()
    stop = threading.Event()
    s = connection.settings_dict
    mine = connection.connection.info.backend_pid

    def cutter() -> None:
        with psycopg.connect(
            host=s["HOST"], port=s["PORT"], user=s["USER"], password=s["PASSWORD"], dbname=s["NAME"], autocommit=True
        ) as other:
            while not stop.is_set():
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND usename = current_user AND pid NOT IN (pg_backend_pid(), %s) ORDER BY random() LIMIT 1",
                    [mine],
                )
                time.sleep(0.05)

    thread = threading.Thread(target=cutter)
    thread.start()
    try:

        def until_answered(n: int) -> int:
            for _ in range(100):
                answer = api.post("/transactions", body(ada, bob), key=f"cut-{n}")
                look_after_connections()  # as after each request of the web server; Django's test client does not
                if answer.status_code != 503:
                    break
            return int(answer.status_code)

        answers = at_once(150, until_answered, workers=8)
    finally:
        stop.set()
        thread.join()
    assert Counter(answers) == {201: 150}
    bob.refresh_from_db()
    assert (bob.booked_minor, Payment.objects.count(), IdempotencyKey.objects.count()) == (150_00, 150, 150)
    assert [v for v in verify_tenant() if v.violation_count] == []
