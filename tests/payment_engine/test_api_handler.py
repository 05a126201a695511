"""What the web server answers is what Django's own handler answers, by which all other tests go."""

import re
from typing import Any, Final, NamedTuple

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from accounts.models import Account
from payment_engine.api_handler import ApiHandler
from payment_engine.ids import new_id
from payment_engine.loop_handler import LoopHandler
from payments.models import Payment
from tenants.context import tenant_scope
from tenants.database import base
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.web_server import as_wsgi

pytestmark = pytest.mark.django_db(transaction=True)
_CHANGING: Final = re.compile(rb'pay_[0-9a-f]{32}|"(uetr|createdAt|completedAt|correlationId|booked|available)":"[^"]*"|r=\d+;t=\d+')
JSON: Final = "application/json"
LARGE: Final = b'{"reference": "' + b"x" * (1 << 20) + b'"}'


class Sent(NamedTuple):
    """A header that is empty is left out."""

    method: str
    path: str
    body: str | bytes
    headers: dict[str, str]


REQUESTS: Final = [
    Sent("POST", "/api/v1/transactions", "{payment}", {}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_X_CORRELATION_ID": "caller-chose-this"}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_X_TENANT_ID": "alpha-bank"}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_X_TENANT_ID": "beta-bank"}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_AUTHORIZATION": ""}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_AUTHORIZATION": "Bearer nonsense"}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"HTTP_IDEMPOTENCY_KEY": ""}),
    Sent("POST", "/api/v1/transactions", "{payment}", {"CONTENT_TYPE": "text/plain"}),
    Sent("POST", "/api/v1/transactions?fast=1", "{payment}", {}),
    Sent("POST", "/api/v1/transactions", "{", {}),
    Sent("POST", "/api/v1/transactions", "{}", {}),
    Sent("POST", "/api/v1/transactions", LARGE, {}),
    Sent("DELETE", "/api/v1/transactions", "", {}),
    Sent("OPTIONS", "/api/v1/transactions", "", {}),
    Sent("GET", "/api/v1/transactions", "", {}),
    Sent("HEAD", "/api/v1/transactions", "", {}),
    Sent("GET", "/api/v1/transactions/pay_0", "", {}),
    Sent("GET", "/api/v1/health", "", {"HTTP_AUTHORIZATION": ""}),
    Sent("GET", "/api/v1/schema", "", {}),
    Sent("GET", "/api/v1/nowhere", "", {}),
    Sent("GET", "/api/v1/%FF", "", {}),
    Sent("GET", "/livez", "", {}),
    Sent("GET", "/admin/", "", {}),
    Sent("GET", "/oauth2/nowhere", "", {}),
]


@pytest.fixture
def tenant(tenant_a: TenantRecord) -> TenantRecord:
    with tenant_scope(tenant_a):
        make_payment_type()
    return tenant_a


@pytest.fixture
def accounts(tenant: TenantRecord) -> tuple[Account, Account]:
    with tenant_scope(tenant):
        return make_account(funds_minor=100_00), make_account()


def ask(application: Any, sent: Sent, token: str) -> tuple[Any, ...]:
    """Status, headers and body, without what differs between two equal requests."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_IDEMPOTENCY_KEY": new_id().hex, "CONTENT_TYPE": JSON, **sent.headers}
    environ = RequestFactory().generic(sent.method, sent.path, sent.body, content_type=headers["CONTENT_TYPE"]).environ
    answer: list[Any] = []
    chunks = application(environ | {name: value for name, value in headers.items() if value}, lambda *head: answer.extend(head))
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    status, fields = answer
    stable = {
        name: _CHANGING.sub(b"*", value.encode()) for name, value in fields if name not in {"Set-Cookie", "Content-Length", "Expires"}
    }
    if "HTTP_X_CORRELATION_ID" not in sent.headers and "X-Correlation-ID" in stable:
        stable["X-Correlation-ID"] = b"*"
    return status, stable, _CHANGING.sub(b"*", content)


@pytest.mark.parametrize("sent", REQUESTS)
def test_all_roads_answer_alike(accounts: tuple[Account, Account], tenant: TenantRecord, sent: Sent) -> None:
    ada, bob = accounts
    payment = (
        f'{{"paymentType": "INTERNAL_TRANSFER", "debtorAccount": "{ada.public_id}", "creditorAccount": "{bob.public_id}", '
        '"amount": "1.00", "currency": "EUR"}'
    )
    sent = sent._replace(body=payment) if sent.body == "{payment}" else sent
    django, token = WSGIHandler(), Api(tenant).token
    expected = ask(django, sent, token)
    handler = ApiHandler(django)
    assert ask(handler, sent, token) == expected
    assert ask(handler, sent, token) == expected, "the address is known by now"
    assert ask(as_wsgi(LoopHandler(handler, handler)), sent, token) == expected, "and so on the event loop"
    with tenant_scope(tenant):
        assert Payment.objects.count() == (4 if expected[0] == "201 Created" else 0)


def test_a_fault_of_ours_is_a_500_on_both_roads(tenant: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("payments.api.transactions.page_parameters", fail)
    django, token, listing = WSGIHandler(), Api(tenant).token, Sent("GET", "/api/v1/transactions", "", {})
    expected = ask(django, listing, token)
    assert expected[0] == "500 Internal Server Error"
    assert b"secret" not in expected[2]
    assert ask(ApiHandler(django), listing, token) == expected


def test_a_whole_answer_is_one_list_and_connections_are_looked_after_once_used(
    accounts: tuple[Account, Account], tenant: TenantRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(self: base.DatabaseWrapper) -> None:
        looked.append(self.alias)
        self.ensure_connection()  # as Django's own does outside a transaction, where it asks for autocommit

    monkeypatch.setattr(base.DatabaseWrapper, "close_if_unusable_or_obsolete", look)
    handler: Any = ApiHandler(WSGIHandler())
    token = Api(tenant).token
    base.look_after_connections()
    looked.clear()
    environ = RequestFactory(headers={"authorization": f"Bearer {token}"}).get("/api/v1/transactions").environ
    assert isinstance(handler(environ, lambda *_: None), list)
    assert looked == ["default"]
    base.look_after_connections()
    assert looked == ["default"], "not used since"
