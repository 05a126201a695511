"""What callers see of rate limits: the fields, the refusal, and how soon a change or an outage shows."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import http_sf
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config_mgmt.bell import bell_key
from config_mgmt.operations.rate_limits import save_rate_limit
from config_mgmt.rate_limits.middleware import rate_limit_middleware
from config_mgmt.values import Actor
from events.models import IdempotencyKey
from payment_engine.api.scopes import PLATFORM_ADMIN
from payment_engine.api_handler import ApiHandler
from payment_engine.devserver.servers import EmbeddedValkey
from payment_engine.errors import NotFound
from payment_engine.loop_handler import LoopHandler
from payment_engine.redis import redis_client
from payments.api.shapes import PaymentInput
from payments.models import Payment
from tenants import registry
from tenants.context import tenant_scope
from tenants.middleware import api_tenant_middleware
from tenants.models import Tenant
from tenants.operations.clients import create_api_client
from tenants.registry import TenantRecord
from tenants.tokens import issue_access_token
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.threads import close_connections_of
from tests.web_server import Bank, serve

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ENDPOINT: Final = "/api/v1/transactions"
ADA: Final = Actor(name="ada", person="ada")


@pytest.fixture(autouse=True)
def _fresh_registry() -> Iterator[None]:
    registry.forget()
    yield
    registry.forget()


def limit(tenant: TenantRecord, endpoint: str, per_minute: int, burst: int, window: int = 60) -> None:
    value = {"rateLimitPerMinute": per_minute, "burstCapacity": burst, "windowSizeSeconds": window}
    with tenant_scope(tenant):
        save_rate_limit(endpoint=endpoint, value=value, actor=ADA)


def parsed(response: Any, name: str) -> Any:
    return http_sf.parse(response.headers[name].encode(), tltype="list")


class Door:
    """The two middlewares alone, with a view that answers at once."""

    def __init__(self, tenant: TenantRecord) -> None:
        self._headers = {"authorization": f"Bearer {Api(tenant).token}"}
        self._door = api_tenant_middleware(rate_limit_middleware(lambda _request: HttpResponse()))

    def __call__(self, path: str = ENDPOINT) -> Any:
        return self._door(RequestFactory().get(path, headers=self._headers))


def test_760_requests_at_once_against_500_a_minute_and_a_burst_of_750(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    """Exactly ten get 429, told when to come back; whoever does is served, and the other tenant notices nothing."""
    for tenant in (tenant_a, tenant_b):
        limit(tenant, ENDPOINT, 500, 750)
    alpha, beta = Door(tenant_a), Door(tenant_b)
    alpha("/api/v1/accounts")
    at_once = threading.Barrier(16)

    def send(number: int) -> Any:
        if number < 16:
            at_once.wait()
        return alpha()

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(send, range(760)))
        close_connections_of(callers)  # whoever found the registry a second old has read it
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(answers) - len(refused), len(refused)) == (750, 10)
    assert sorted(parsed(answer, "RateLimit")[0][1]["r"] for answer in answers if answer.status_code == 200) == list(range(750))
    waits = {int(answer.headers["Retry-After"]) for answer in refused}
    assert waits <= {1, 2, 3, 4, 5}
    neighbour = beta()
    assert (neighbour.status_code, neighbour.headers["RateLimit"]) == (200, '"transactions";r=749;t=5')
    assert alpha("/api/v1/accounts").status_code == 200
    time.sleep(max(waits))
    assert alpha().status_code == 200


@pytest.mark.parametrize("shared", [True, False], ids=["sharing", "alone"])
def test_payments_that_share_a_transaction_are_counted_exactly_and_the_refused_are_not_booked(
    tenant_a: TenantRecord, settings: Any, *, shared: bool
) -> None:
    """One round trip for those that are booked together; each has a remainder of its own, and keeps its key for later when refused."""
    settings.PAYMENTS_SHARE_TRANSACTIONS = shared
    with tenant_scope(tenant_a):
        make_payment_type()
        ada, bob = make_account(funds_minor=100_00), make_account()
    limit(tenant_a, ENDPOINT, 6, 20)
    api, at_once = Api(tenant_a), threading.Barrier(30)
    body = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id}

    def send(number: int) -> Any:
        try:
            at_once.wait()
            return api.post("/transactions", body | {"amount": "1.00", "currency": "EUR"}, key=f"burst-{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(30) as callers:
        answers = list(callers.map(send, range(30)))
    booked = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(booked), len(refused)) in {(20, 10), (21, 9)}  # the burst, and one more if ten seconds went by
    assert {answer.json()["violated-policies"][0] for answer in refused} == {"transactions"}
    with tenant_scope(tenant_a):
        assert Payment.objects.count() == IdempotencyKey.objects.count() == len(booked)
    if len(booked) == 20:
        assert sorted(parsed(answer, "RateLimit")[0][1]["r"] for answer in booked) == list(range(20))


def test_the_rate_limit_holds_for_payments_on_the_event_loop(tenant_a: TenantRecord) -> None:
    bank, api = Bank(tenant_a), ApiHandler(WSGIHandler())
    limit(tenant_a, ENDPOINT, 1, 3)
    for expected in ({201: 3, 429: 17}, {429: 20}):  # the second time they are counted before they wait
        requests = [bank.request() for _ in range(20)]
        serve(LoopHandler(api, api), *requests)
        assert Counter(exchange.status for _, exchange in requests) == expected
    with tenant_scope(tenant_a):
        assert Payment.objects.count() == 3


def test_a_caller_over_its_limit_does_not_wait_among_the_others(tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once one was refused the next are counted before they queue, until one is admitted again."""
    reached: list[object] = []

    def refuse(payment: object, **_facts: object) -> None:
        reached.append(payment)
        raise NotFound("there is no such account")

    monkeypatch.setattr(PaymentInput, "to_submit", refuse)
    limit(tenant_a, ENDPOINT, 60, 1)
    api = Api(tenant_a)
    body = {"paymentType": "T", "debtorAccount": "acc_1", "creditorAccount": "acc_2", "amount": "1.00", "currency": "EUR"}
    assert [api.post("/transactions", body).status_code for _ in range(4)] == [404, 429, 429, 429]
    assert len(reached) == 2, "the first refusal came after the body was read, the others before"
    time.sleep(1.05)
    assert api.post("/transactions", body).status_code == 404


def test_a_payment_that_can_not_be_read_is_counted_too(tenant_a: TenantRecord) -> None:
    limit(tenant_a, ENDPOINT, 6, 2)
    api = Api(tenant_a)
    unreadable = api.post("/transactions", "{")
    assert (unreadable.status_code, unreadable.headers["RateLimit"]) == (400, '"transactions";r=1;t=10')
    assert api.post("/transactions", {}).status_code == 422
    assert api.post("/transactions", "{").status_code == 429


def test_every_answer_says_under_which_policy_it_was_given(tenant_a: TenantRecord) -> None:
    limit(tenant_a, ENDPOINT, 500, 750)
    limit(tenant_a, f"{ENDPOINT}/*", 600, 10, 30)
    api = Api(tenant_a)
    response = api.get("/transactions")
    assert response.status_code == 200
    assert response.headers["RateLimit-Policy"] == '"transactions";q=500;w=60'
    assert response.headers["RateLimit"] == '"transactions";r=749;t=5'
    below = api.get("/transactions/pay_1")
    assert below.status_code == 404
    assert parsed(below, "RateLimit-Policy") == [("transactions/*", {"q": 300, "w": 30})]
    assert parsed(below, "RateLimit") == [("transactions/*", {"r": 9, "t": 1})]
    assert parsed(api.get("/accounts"), "RateLimit-Policy") == [("default", {"q": 60_000, "w": 60})]
    assert parsed(api.send("PATCH", "/nowhere"), "RateLimit")[0][0] == "default"


def test_a_refusal_is_a_problem_that_says_which_policy_was_violated(tenant_a: TenantRecord) -> None:
    limit(tenant_a, ENDPOINT, 6, 1)
    api = Api(tenant_a)
    assert api.get("/transactions").status_code == 200
    refused = api.post("/transactions", {})
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Cache-Control"] == "no-store"
    problem = refused.json()
    assert problem["code"] == "rate_limited"
    assert problem["type"] == "/api/v1/problems/rate_limited"
    assert problem["violated-policies"] == ["transactions"]
    assert problem["correlationId"] == refused.headers["X-Correlation-ID"]
    assert "6 requests a minute to /api/v1/transactions" in problem["detail"]
    (_, left), *_ = parsed(refused, "RateLimit")
    assert left == {"r": 0, "t": int(refused.headers["Retry-After"])}
    assert left["t"] in {9, 10}


def test_what_was_refused_is_not_an_idempotent_answer(tenant_a: TenantRecord) -> None:
    """The same key is served once there is quota again: 429 was never kept as its answer."""
    limit(tenant_a, "/api/v1/customers", 60, 1)
    api = Api(tenant_a)
    api.get("/customers")
    assert api.post("/customers", {"name": "Ada"}, key="k1").status_code == 429
    time.sleep(1.05)
    assert api.post("/customers", {"name": "Ada"}, key="k1").status_code == 201


def test_public_paths_strangers_and_the_platform_are_under_no_policy(tenant_a: TenantRecord) -> None:
    client = create_api_client(tenant=None, name="Operations", scopes=[PLATFORM_ADMIN, "config:read"])
    token = issue_access_token(client_id=client.client_id, tenant=None, scopes=[PLATFORM_ADMIN, "config:read"], lifetime_seconds=60)
    http = Client(headers={"authorization": f"Bearer {token}"})
    limits = f"/api/v1/config/tenants/{tenant_a.slug}/rate-limits"
    assert http.get(limits).status_code == 200
    for answer in (http.get(limits), http.get("/api/v1/health"), Client().get("/api/v1/transactions"), Client().get("/admin/login/")):
        assert "RateLimit" not in answer.headers
    assert http.get("/api/v1/health", headers={"X-Tenant-ID": tenant_a.slug}).headers.get("RateLimit") is None
    assert "RateLimit" in http.get(limits, headers={"X-Tenant-ID": tenant_a.slug}).headers


def test_a_changed_limit_begins_with_a_full_bucket_at_once(tenant_a: TenantRecord) -> None:
    door = Door(tenant_a)
    limit(tenant_a, ENDPOINT, 60, 2)
    assert [door().status_code for _ in range(3)] == [200, 200, 429]
    limit(tenant_a, ENDPOINT, 60, 3)
    assert [door().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_bell_makes_this_process_see_what_another_changed_at_its_next_request(tenant_a: TenantRecord) -> None:
    door = Door(tenant_a)
    assert door().status_code == 200
    Tenant.objects.filter(slug=tenant_a.slug).update(status=Tenant.Status.SUSPENDED)
    registry_knew = registry.tenant_by_slug(tenant_a.slug).status
    redis_client().hset(bell_key(tenant_a.slug), mapping={"revision": tenant_a.config_revision, "status": "SUSPENDED"})
    assert registry_knew == Tenant.Status.ACTIVE
    door()
    assert registry.tenant_by_slug(tenant_a.slug).status == Tenant.Status.SUSPENDED


def test_a_bell_that_says_more_than_the_registry_costs_one_reading(tenant_a: TenantRecord, django_assert_num_queries: Any) -> None:
    door = Door(tenant_a)
    redis_client().hset(bell_key(tenant_a.slug), mapping={"revision": 10**9, "status": "ACTIVE"})
    door()
    door()
    registry.refresh()
    with django_assert_num_queries(0):
        for _ in range(20):
            door()


def test_a_request_under_a_known_policy_makes_no_query(
    tenant_a: TenantRecord, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "STALENESS_SECONDS", 60.0)
    door = Door(tenant_a)
    door()
    registry.refresh()
    with django_assert_num_queries(0):
        door()


def test_without_valkey_requests_are_served_and_limited_by_this_process(
    tenant_a: TenantRecord, valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limit(tenant_a, ENDPOINT, 60, 5)
    door = Door(tenant_a)
    assert door().headers["RateLimit"] == '"transactions";r=4;t=1'
    valkey.kill()
    began_at = time.monotonic()
    answers = [door() for _ in range(8)]
    assert time.monotonic() - began_at < 1
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[-1].headers["Retry-After"] == "1"
    valkey.start()
    time.sleep(1.1)
    assert door().headers["RateLimit"] == '"transactions";r=4;t=1'
    said = [r.getMessage() for r in caplog.records if r.name == "config_mgmt.rate_limits.limiter"]
    assert [text.split(":")[0] for text in said] == ["Valkey is away", "Valkey is back"]
