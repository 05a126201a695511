"""Answering once per Idempotency-Key: what an earlier build kept is found again, by the same text and the same meaning."""

from hashlib import sha256
from typing import Any

import pytest

from events.models import IdempotencyKey
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type

pytestmark = [pytest.mark.django_db]
KEPT = '{"kept":"word by word","customerId":"cus_1","version":7}'


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


def keep(key: str, name: bytes, *, status: int, body: str = KEPT) -> None:
    """`name` is the text whose SHA-256 the table holds, written out."""
    IdempotencyKey.objects.create(key=key, fingerprint=sha256(name).digest(), response_status=status, response_body=body)


def outcome(response: Any) -> tuple[int, str, str]:
    return response.status_code, response.content.decode(), response.headers.get("Idempotent-Replayed", "")


def test_creation_is_kept_by_method_path_and_body(api: Api, in_tenant_a: TenantRecord) -> None:
    keep("K-1", b'POST /api/v1/customers\0{"email":null,"name":"Ada","reference":null}', status=201)
    response = api.post("/customers", {"name": "Ada"}, key="K-1")
    assert outcome(response) == (201, KEPT, "true")
    assert response.headers["Location"] == "/api/v1/customers/cus_1"


def test_change_of_configuration_is_kept_by_method_path_and_body(api: Api, in_tenant_a: TenantRecord) -> None:
    path = f"/config/tenants/{in_tenant_a.slug}/features/instant/kill"
    keep("K-1", f'POST /api/v1{path}\0{{"reason":""}}'.encode(), status=200)
    response = api.post(path, {}, key="K-1")
    assert outcome(response) == (200, KEPT, "true")
    assert response.headers["ETag"] == '"v7"'


def test_reversal_is_kept_by_a_path_without_prefix_and_the_amount_in_minor_units(api: Api, in_tenant_a: TenantRecord) -> None:
    make_payment_type("DEMO_TRANSFER")
    ada, bob = make_account(funds_minor=10_000), make_account()
    payment = {"paymentType": "DEMO_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id}
    made = api.post("/transactions", {**payment, "amount": "25.00", "currency": "EUR"}).json()
    path = f"/transactions/{made['transactionId']}/reverse"
    keep("K-1", f'POST {path}\0[1000,"gone"]'.encode(), status=201)
    assert outcome(api.post(path, {"amount": "10.00", "reason": "gone"}, key="K-1")) == (201, KEPT, "true")
    assert api.post(path, {"amount": "10.01", "reason": "gone"}, key="K-1").json()["code"] == "idempotency_key_reused"


def test_refusal_that_was_kept_is_a_problem_without_headers_of_its_own(api: Api, in_tenant_a: TenantRecord) -> None:
    keep("K-1", b'POST /api/v1/customers\0{"email":null,"name":"Ada","reference":"7"}', status=409)
    response = api.post("/customers", {"name": "Ada", "reference": "7"}, key="K-1")
    assert outcome(response) == (409, KEPT, "true")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "Location" not in response.headers


def test_key_of_one_tenant_says_nothing_to_another(api: Api, in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    keep("K-1", b'POST /api/v1/customers\0{"email":null,"name":"Ada","reference":null}', status=201)
    response = Api(tenant_b).post("/customers", {"name": "Ada"}, key="K-1")
    assert response.status_code == 201
    assert response.json()["name"] == "Ada"
    assert "Idempotent-Replayed" not in response.headers
