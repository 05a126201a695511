"""Money under concurrency: real threads, real connections, committed transactions."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from accounts.models import Account, Journal, Posting
from events.models import IdempotencyKey
from payment_engine.ids import parse_id
from payment_engine.money import parse_amount
from payments.models import Payment
from payments.queries.verify import verify_tenant
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[True, False], ids=["sharing", "alone"])
def sharing(request: pytest.FixtureRequest, settings: Any) -> bool:
    settings.PAYMENTS_SHARE_TRANSACTIONS = request.param
    return bool(request.param)


@pytest.fixture
def tenant(transactional_db: None, tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        make_payment_type()
        yield tenant_a
        assert [verdict for verdict in verify_tenant() if verdict.violation_count] == []


def at_once(count: int, work: Callable[[int], Any], workers: int = 20) -> list[Any]:
    def in_thread(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(in_thread, range(count)))


def wait_until_blocked() -> None:
    """Until another session waits for a lock."""
    deadline = monotonic() + 2
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits for a lock")


def transfer(debtor: Account, creditor: Account, amount: str) -> dict[str, str]:
    return {
        "paymentType": "INTERNAL_TRANSFER",
        "debtorAccount": debtor.public_id,
        "creditorAccount": creditor.public_id,
        "amount": amount,
        "currency": "EUR",
    }


def booked(account: Account) -> str:
    account.refresh_from_db()
    return account.booked


@pytest.mark.usefixtures("sharing")
def test_200_debits_of_an_account_with_100(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=100_00), make_account(), Api(tenant)
    answers = at_once(200, lambda _: api.post("/transactions", transfer(ada, bob, "1.00")))
    assert Counter((a.status_code, a.json().get("code")) for a in answers) == {(201, None): 100, (422, "insufficient_funds"): 100}
    assert (booked(ada), booked(bob), Payment.objects.count()) == ("0.00", "100.00", 100)


@pytest.mark.usefixtures("sharing")
def test_50_posts_with_one_key_and_body_are_one_payment(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=100_00), make_account(), Api(tenant)
    answers = at_once(50, lambda _: api.post("/transactions", transfer(ada, bob, "1.00"), key="one-key"))
    assert Counter(a.status_code for a in answers) == {201: 50}
    assert len({a.content for a in answers}) == 1
    assert sum("Idempotent-Replayed" in a for a in answers) == 49
    assert (Payment.objects.count(), IdempotencyKey.objects.count(), booked(bob)) == (1, 1, "1.00")


@pytest.mark.usefixtures("sharing")
def test_50_posts_with_one_key_and_different_bodies_are_one_payment(tenant: TenantRecord) -> None:
    api, bob = Api(tenant), make_account()
    payers = [make_account(funds_minor=100_00) for _ in range(50)]
    answers = at_once(50, lambda n: api.post("/transactions", transfer(payers[n], bob, "1.00"), key="one-key"))
    assert Counter(a.status_code for a in answers) == {201: 1, 422: 49}
    assert (Payment.objects.count(), booked(bob)) == (1, "1.00")


@pytest.mark.usefixtures("sharing")
def test_the_balance_as_of_a_payments_completion_is_the_one_after_it(tenant: TenantRecord) -> None:
    """Though transactions that began earlier waited for those that began later."""
    api, bob = Api(tenant), make_account()
    payers = [make_account(funds_minor=100_00) for _ in range(40)]
    answers = at_once(40, lambda n: api.post("/transactions", transfer(payers[n], bob, "1.00")).json())
    after = {
        posting.created_at: posting.balance_after_minor for posting in Posting.objects.filter(account_id=bob.id).order_by("account_version")
    }
    assert {Payment.objects.get(id=parse_id("pay", answer["transactionId"])).completed_at for answer in answers} == after.keys()
    for answer in answers:
        then = api.get(f"/accounts/{bob.public_id}/balance?asOf={answer['completedAt']}").json()["booked"]
        assert parse_amount(then, "EUR") == after[datetime.fromisoformat(answer["completedAt"])]


@pytest.mark.usefixtures("sharing")
def test_money_back_and_forth_never_deadlocks_and_sums_stay(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=1_000_00), make_account(funds_minor=1_000_00), Api(tenant)

    def hundred_transfers(number: int) -> Counter[int]:
        pair = (ada, bob) if number % 2 else (bob, ada)
        return Counter(api.post("/transactions", transfer(*pair, f"{random.randint(1, 300)}.00")).status_code for _ in range(50))

    statuses = sum(at_once(20, hundred_transfers), Counter[int]())
    assert set(statuses) <= {201, 422}
    assert sum(statuses.values()) == 1000
    ada.refresh_from_db()
    bob.refresh_from_db()
    assert ada.booked_minor + bob.booked_minor == 2_000_00


def test_two_full_reversals_at_once_give_the_money_back_once(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=100_00), make_account(funds_minor=100_00), Api(tenant)
    made = api.post("/transactions", transfer(ada, bob, "10.00")).json()["transactionId"]
    answers = at_once(10, lambda _: api.post(f"/transactions/{made}/reverse", {"reason": "twice"}))
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 9}
    assert booked(ada) == "100.00"


@pytest.fixture
def poison(tenant: TenantRecord, owner_connection: psycopg.Connection[Any]) -> Iterator[None]:
    """PostgreSQL refuses payments with the reference POISON, as it would a value no rule foresaw."""
    owner_connection.execute(f'SET search_path = "{tenant.schema}"')
    owner_connection.execute("ALTER TABLE transactions ADD CONSTRAINT poison CHECK (reference <> 'POISON') NOT VALID")
    yield
    owner_connection.execute("ALTER TABLE transactions DROP CONSTRAINT poison")


@pytest.mark.usefixtures("sharing", "poison")
def test_one_poisoned_payment_of_a_shared_batch_takes_no_other_along(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=100_00), make_account(), Api(tenant)
    bodies = [transfer(ada, bob, "1.00") for _ in range(30)]
    bodies[7]["reference"] = "POISON"
    answers = at_once(30, lambda n: api.post("/transactions", bodies[n]))
    assert Counter(a.status_code for n, a in enumerate(answers) if n != 7) == {201: 29}
    assert answers[7].status_code == 500
    assert booked(bob) == "29.00"


def test_every_journal_has_its_postings(tenant: TenantRecord) -> None:
    ada, bob, api = make_account(funds_minor=100_00), make_account(), Api(tenant)
    at_once(30, lambda _: api.post("/transactions", transfer(ada, bob, "1.00")))
    assert Posting.objects.count() == 2 * Journal.objects.count()
