"""Limits against the database: what is counted, from when, and under which lock."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config
from config_mgmt.values import Actor
from payments.definitions import Definition
from payments.models import LimitUsage, PaymentType
from payments.operations.payment_types import put_payment_type
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from payments.values import SubmitPayment
from payments.velocity import VelocityLimit, Window
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type, payment
from tests.payments.test_concurrency import at_once, wait_until_blocked

ACTOR = Actor(name="client", person="person")
DAILY = VelocityLimit(window=Window.DAY, max_count=3)


def codes(items: list[SubmitPayment]) -> list[str | None]:
    return [o.refusal.code if o.refusal else None for o in submit_payments(items)]


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Account:
    return make_account(funds_minor=1_000_00)


@pytest.fixture
def bob(in_tenant_a: TenantRecord) -> Account:
    return make_account()


@pytest.mark.django_db
def test_counts_and_sums_per_window_and_account(ada: Account, bob: Account) -> None:
    make_payment_type("FAST", velocity_limits=[{"window": "MINUTE", "maxCount": 2}, {"window": "MONTH", "maxAmount": "10"}])
    rich = make_account(funds_minor=1_000_00)
    assert codes([payment(ada, bob, 1_00, payment_type="FAST") for _ in range(2)]) == [None, None]
    assert codes([payment(ada, bob, 1_00, payment_type="FAST"), payment(rich, bob, 10_01, payment_type="FAST")]) == ["limit_exceeded"] * 2
    assert codes([payment(rich, bob, 10_00, payment_type="FAST"), payment(rich, bob, 1, payment_type="FAST")]) == [None, "limit_exceeded"]
    assert Counter(LimitUsage.objects.values_list("window_kind", flat=True)) == {"MINUTE": 2, "MONTH": 2}


@pytest.mark.django_db
def test_a_limit_that_is_new_counts_what_was_before_it(ada: Account, bob: Account) -> None:
    make_payment_type("FREE")
    make_payment_type("OTHER")
    codes([payment(ada, bob, 4_00, payment_type="FREE"), payment(ada, bob, 4_00, payment_type="OTHER")])
    put_payment_type(code="FREE", definition=Definition(name="Free", daily_limit=Decimal(10)), actor=ACTOR)
    assert codes([payment(ada, bob, 6_01, payment_type="FREE"), payment(ada, bob, 6_00, payment_type="FREE")]) == ["limit_exceeded", None]
    assert LimitUsage.objects.get().amount_minor == 10_00


@pytest.mark.django_db
def test_the_tenants_cap_is_for_all_payment_types_together(ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
    make_payment_type("ONE")
    make_payment_type("TWO", daily_limit="100")
    codes([payment(ada, bob, 30_00, payment_type="ONE")])
    change_config(kind=ConfigVersion.Kind.SETTING, key="payment.max_daily_limit", value="50.00", actor=ACTOR)
    assert codes([payment(ada, bob, 20_01, payment_type="TWO"), payment(ada, bob, 20_00, payment_type="TWO")]) == ["limit_exceeded", None]
    assert codes([payment(ada, bob, 1, payment_type="ONE")]) == ["limit_exceeded"]
    with tenant_scope(tenant_b):
        make_payment_type("ONE")
        assert codes([payment(make_account(funds_minor=60_00), make_account(), 60_00, payment_type="ONE")]) == [None]


@pytest.mark.django_db
def test_refused_payments_use_nothing(ada: Account, bob: Account) -> None:
    make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 1}])
    poor = make_account(funds_minor=1)
    assert codes([payment(poor, bob, 2, payment_type="FAST"), payment(poor, bob, 1, payment_type="FAST")]) == ["insufficient_funds", None]


@pytest.mark.django_db
def test_types_without_limits_cost_no_look_at_usage(ada: Account, bob: Account) -> None:
    make_payment_type()
    with CaptureQueriesContext(connection) as queries:
        codes([payment(ada, bob)])
    assert not any("limit_usages" in query["sql"] for query in queries)
    assert not LimitUsage.objects.exists()


@pytest.mark.django_db
def test_fee_of_the_creditor_leaves_the_books_right(ada: Account, bob: Account) -> None:
    make_payment_type("COLLECT", fee_schedule={"type": "PERCENTAGE", "percentage": "1.5", "min": "0.10", "payer": "CREDITOR"})
    [outcome] = submit_payments([payment(ada, bob, 10_00, payment_type="COLLECT")])
    assert outcome.payment is not None
    assert outcome.payment.fee_minor == 15
    bob.refresh_from_db()
    ada.refresh_from_db()
    assert (ada.booked_minor, bob.booked_minor) == (990_00, 9_85)
    assert codes([payment(ada, bob, 9, payment_type="COLLECT")]) == ["limit_exceeded"]
    assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []


@pytest.fixture
def committed(transactional_db: None, tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a


@pytest.mark.django_db(transaction=True)
def test_what_was_paid_while_there_was_no_limit_is_counted_when_it_is_back(committed: TenantRecord) -> None:
    def offer(**terms: Any) -> PaymentType:
        return put_payment_type(code="FAST", definition=Definition(name="Fast", **terms), actor=ACTOR)

    ada, bob = make_account(funds_minor=100_00), make_account()
    make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 3}])
    one = payment(ada, bob, 1, payment_type="FAST")
    assert codes([one]) == [None]
    offer()
    assert codes([payment(ada, bob, 1, payment_type="FAST")]) == [None]
    offer(velocity_limits=(DAILY,))
    made = [codes([payment(ada, bob, 1, payment_type="FAST")]) for _ in range(3)]
    assert made == [[None], ["limit_exceeded"], ["limit_exceeded"]]
    assert LimitUsage.objects.get().count == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sharing", [True, False])
def test_many_at_once_never_exceed_the_count(committed: TenantRecord, settings: Any, sharing: bool) -> None:
    settings.PAYMENTS_SHARE_TRANSACTIONS = sharing
    make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 5}])
    ada, bob, api = make_account(funds_minor=100_00), make_account(), Api(committed)
    body = {"paymentType": "FAST", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "amount": "1", "currency": "EUR"}
    answers = at_once(20, lambda _: api.post("/transactions", body))
    assert Counter((a.status_code, a.json().get("code")) for a in answers) == {(201, None): 5, (422, "limit_exceeded"): 15}
    assert LimitUsage.objects.get().count == 5


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_waited_while_a_limit_came_is_counted(committed: TenantRecord) -> None:
    """It began before the limit and is booked after others were counted."""
    bob, carol, ada = make_account(), make_account(), make_account(funds_minor=500_00)
    make_payment_type("FREE")

    def introduce_limit() -> None:
        put_payment_type(code="FREE", definition=Definition(name="Free", daily_limit=Decimal(100)), actor=ACTOR)

    def elsewhere(work: Callable[..., Any], *arguments: object) -> Future[Any]:
        return pool.submit(copy_context().run, closing_connections, work, *arguments)

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Account.objects.select_for_update().get(id=bob.id)
            waiting = elsewhere(codes, [payment(ada, bob, 90_00, payment_type="FREE")])
            wait_until_blocked()
            elsewhere(introduce_limit).result()
            assert elsewhere(codes, [payment(ada, carol, 5_00, payment_type="FREE")]).result() == [None]
        assert waiting.result() == [None]
    assert codes([payment(ada, carol, 5_01, payment_type="FREE"), payment(ada, carol, 5_00, payment_type="FREE")]) == [
        "limit_exceeded",
        None,
    ]
    assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []


def closing_connections(work: Callable[..., Any], *arguments: object) -> Any:
    try:
        return work(*arguments)
    finally:
        connections.close_all()
