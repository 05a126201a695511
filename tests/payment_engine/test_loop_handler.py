"""Answers on the event loop and in threads: bodies, answers, and clients that go away."""

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler

from config_mgmt.snapshots import forget_snapshots
from events.models import IdempotencyKey
from payment_engine.api_handler import ApiHandler
from payment_engine.loop_handler import LoopHandler
from payments.models import Payment
from payments.operations import sharing
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from tenants import keys, registry, tokens
from tenants.context import tenant_scope
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tests.threads import close_connections_of
from tests.web_server import Bank, Exchange, SentHeaders, SentScope, ask, posted, serve

PATH = "/api/v1/transactions"
LARGE = 1 << 20


def in_threads(application: Any) -> LoopHandler:
    return LoopHandler(application, None)


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The digest of the body, read in odd pieces."""
    digest = hashlib.sha256()
    while piece := environ["wsgi.input"].read(70_001):
        digest.update(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [digest.hexdigest().encode()]


@pytest.mark.parametrize("size", [0, 1, LARGE, LARGE + 1, 3 * LARGE + 17])
def test_a_body_reaches_the_thread_whole(size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    exchange = Exchange([body[start : start + 65_536] for start in range(0, size, 65_536)])
    serve(in_threads(echo), (posted("/", body), exchange))
    assert (exchange.status, exchange.body.decode()) == (200, hashlib.sha256(body).hexdigest())


def test_a_body_without_a_length_is_read_to_its_end() -> None:
    exchange = Exchange([b"a", b"", b"b"])
    serve(in_threads(echo), (SentScope(method="POST", headers=SentHeaders([("transfer-encoding", "chunked")])), exchange))
    assert exchange.body.decode() == hashlib.sha256(b"ab").hexdigest()


def test_a_client_that_leaves_early_is_told_nothing_and_its_body_is_not_taken_for_whole() -> None:
    small = Exchange([b"<"], goes_away=True)
    serve(in_threads(echo), (posted("/", b"<a/>"), small))
    assert small.status is None
    large = Exchange([b"x" * LARGE])
    with pytest.raises(OSError, match="went away"):
        serve(in_threads(echo), (posted("/", b"x" * 2 * LARGE), large))
    assert large.status is None


class Streamed:
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("pieces", "from_file"), [(3, False), (16, False), (17, True), (40, True)])
def test_an_answer_in_pieces_arrives_whole_and_a_large_one_waits_in_a_file(
    monkeypatch: pytest.MonkeyPatch, pieces: int, from_file: bool
) -> None:
    monkeypatch.setattr("payment_engine.loop_handler._FILE_KEPT_SECONDS", 0)
    streamed = Streamed(b"%d" % (number % 10) * 65_536 for number in range(pieces))

    def application(_environ: object, start_response: Any) -> Streamed:
        start_response("201 Created", [("X-Kind", "streamed")])
        return streamed

    exchange = Exchange()
    serve(in_threads(application), (SentScope(), exchange))
    assert (exchange.status, exchange.headers, exchange.from_file) == (201, {"X-Kind": "streamed"}, from_file)
    assert exchange.body == b"".join(b"%d" % (number % 10) * 65_536 for number in range(pieces))
    assert streamed.closed


def test_an_answer_that_fails_halfway_is_not_sent_at_all() -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the rest is lost")

    streamed, exchange = Streamed(broken()), Exchange()

    def application(_environ: object, start_response: Any) -> Streamed:
        start_response("200 OK", [])
        return streamed

    with pytest.raises(RuntimeError, match="lost"):
        serve(in_threads(application), (SentScope(), exchange))
    assert (exchange.status, streamed.closed) == (None, True)


def test_the_environment_of_a_request() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    headers = [("host", "bank.example"), ("x-a", "1"), ("x-a", "2"), ("x_tenant_id", "other"), ("cookie", "a=1"), ("cookie", "b=2")]
    scope = SentScope(path="/é/x", query_string="q=%C3%A9", headers=SentHeaders(headers), server="[::1]:8000", http_version="2")
    serve(in_threads(application), (scope, Exchange()))
    assert seen["PATH_INFO"] == "/é/x".encode().decode("latin-1")
    assert (seen["QUERY_STRING"], seen["SERVER_NAME"], seen["SERVER_PORT"], seen["SERVER_PROTOCOL"]) == (
        "q=%C3%A9",
        "[::1]",
        "8000",
        "HTTP/2",
    )
    assert (seen["HTTP_X_A"], seen["HTTP_COOKIE"], seen["HTTP_HOST"], seen["REMOTE_ADDR"]) == (
        "1,2",
        "a=1; b=2",
        "bank.example",
        "127.0.0.1",
    )
    assert "HTTP_X_TENANT_ID" not in seen
    serve(in_threads(application), (SentScope(authority="other.example"), Exchange()))
    assert seen["HTTP_HOST"] == "other.example"


@pytest.fixture
def handler() -> LoopHandler:
    api = ApiHandler(WSGIHandler())
    return LoopHandler(api, api)


@pytest.mark.django_db(transaction=True)
def test_payments_of_two_tenants_wait_on_the_loop_and_are_booked_in_batches(
    handler: LoopHandler, tenant_a: TenantRecord, tenant_b: TenantRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []

    def counted(items: list[Any]) -> Any:
        batches.append(len(items))
        return submit_payments(items)

    monkeypatch.setattr(sharing, "submit_payments", counted)
    alpha, beta = Bank(tenant_a), Bank(tenant_b)
    requests = [bank.request() for _ in range(120) for bank in (alpha, beta)]
    serve(handler, *requests)
    answers = Counter((exchange.status, json.loads(exchange.body).get("code")) for _, exchange in requests)
    assert answers == {(201, None): 200, (422, "insufficient_funds"): 40}
    assert (sum(batches), len(batches) < 120) == (240, True)
    for bank, other in ((alpha, beta), (beta, alpha)):
        assert (bank.booked(bank.ada), bank.booked(bank.bob)) == ("0.00", "100.00")
        with tenant_scope(bank.tenant):
            assert Payment.objects.count() == 100
            assert not Payment.objects.filter(debtor_account_id=other.ada.id).exists()
            assert [verdict for verdict in verify_tenant() if verdict.violation_count] == []


@pytest.mark.django_db(transaction=True)
def test_what_is_booked_together_is_asked_in_one_turn_and_answered_in_one(tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "STALENESS_SECONDS", 60.0)  # who finds it a second old reads it in a thread
    steps: list[str] = []

    class NotedApi(ApiHandler):
        def answer(self, *arguments: Any) -> Any:
            steps.append("asked")
            response = super().answer(*arguments)
            steps.append("answered")
            return response

    class NotedExchange(Exchange):
        async def __call__(self) -> bytes:
            steps.append("came")
            return await super().__call__()

        def response_bytes(self, *answer: Any) -> None:
            steps.append("sent")
            super().response_bytes(*answer)

    bank, api = Bank(tenant_a), NotedApi(WSGIHandler())
    registry.refresh()
    warm_up, *requests = [(scope, NotedExchange(exchange.sent)) for scope, exchange in (bank.request() for _ in range(4))]
    serve(LoopHandler(api, api), warm_up)
    steps.clear()
    serve(LoopHandler(api, api), *requests)
    assert steps == [step for step in ("came", "asked", "answered", "sent") for _ in requests]


@pytest.mark.django_db(transaction=True)
def test_one_key_on_the_loop_is_one_payment(handler: LoopHandler, tenant_a: TenantRecord) -> None:
    bank = Bank(tenant_a)
    requests = [bank.request("one-key") for _ in range(50)]
    serve(handler, *requests)
    assert {exchange.status for _, exchange in requests} == {201}
    assert len({exchange.body for _, exchange in requests}) == 1
    with tenant_scope(tenant_a):
        assert (Payment.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_each_is_booked_alone_if_the_deployment_wants_it(handler: LoopHandler, tenant_a: TenantRecord, settings: Any) -> None:
    settings.PAYMENTS_SHARE_TRANSACTIONS = False
    bank = Bank(tenant_a)
    requests = [bank.request() for _ in range(10)]
    serve(handler, *requests)
    assert {exchange.status for _, exchange in requests} == {201}


@pytest.mark.django_db(transaction=True)
def test_what_is_not_known_yet_is_read_beside_the_loop(handler: LoopHandler, tenant_a: TenantRecord) -> None:
    """Tenant, keys, client and configuration: Django refuses a query on the loop, which would be a 500."""
    bank = Bank(tenant_a)
    for known in (registry, keys, client_standing, tokens):
        known.forget()
    forget_snapshots()
    request = bank.request()
    serve(handler, request)
    assert request[1].status == 201, request[1].body
    stranger = bank.request(debtorAccount="acc_" + "0" * 32)
    serve(handler, stranger)
    assert stranger[1].status == 404


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_waits_too_long_is_not_booked_and_one_under_way_is(
    handler: LoopHandler, tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_WAIT_SECONDS", 0.3)
    bank, begun = Bank(tenant_a), threading.Event()

    def slow(items: list[Any]) -> Any:
        begun.set()
        time.sleep(1)
        return submit_payments(items)

    monkeypatch.setattr(sharing, "submit_payments", slow)
    first, second, in_thread = bank.request(), bank.request(), bank.request()
    others = LoopHandler(handler._application, None)

    async def one_after_another() -> None:
        under_way = asyncio.ensure_future(ask(handler, first))
        await asyncio.to_thread(begun.wait)
        await asyncio.gather(ask(handler, second), ask(others, in_thread))
        assert not under_way.done()
        await under_way

    asyncio.run(one_after_another())
    close_connections_of(others._threads)
    assert [exchange.status for _, exchange in (first, second, in_thread)] == [201, 503, 503]
    with tenant_scope(tenant_a):
        assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_full_takes_no_more(handler: LoopHandler, tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WAITING_MAX", 5)
    bank = Bank(tenant_a)
    requests = [bank.request() for _ in range(12)]
    serve(handler, *requests)
    statuses = Counter(exchange.status for _, exchange in requests)
    assert set(statuses) == {201, 503}
    assert statuses[201] >= 5
    with tenant_scope(tenant_a):
        assert Payment.objects.count() == statuses[201]
