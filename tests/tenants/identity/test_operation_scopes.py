"""The reviewed list of operations and the scope each of them needs, held against the published document.

Operations declare their scope where they are written; this list is the second pair of eyes. A new operation fails here
until somebody has thought about who may call it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client

from payment_engine.api.scopes import PLATFORM_ADMIN, SCOPES
from tenants.middleware import API_PREFIX
from tenants.operations.clients import create_api_client
from tenants.registry import TenantRecord
from tenants.scopes import TENANT_SCOPES, is_public
from tenants.tokens import issue_access_token

pytestmark = pytest.mark.django_db
PUBLIC: Final = ""
REVIEWED: Final[dict[tuple[str, str], str]] = {
    ("POST", "/oauth2/token"): PUBLIC,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("GET", "/.well-known/oauth-authorization-server"): PUBLIC,
    ("GET", "/api/v1/health"): PUBLIC,
    ("GET", "/api/v1/config/health"): PUBLIC,
    ("GET", "/api/v1/schema"): PUBLIC,
    ("GET", "/api/v1/docs"): PUBLIC,
    ("GET", "/api/v1/problems"): PUBLIC,
    ("GET", "/api/v1/problems/{}"): PUBLIC,
    ("GET", "/api/v1/customers"): "accounts:read",
    ("POST", "/api/v1/customers"): "accounts:write",
    ("GET", "/api/v1/customers/{}"): "accounts:read",
    ("PATCH", "/api/v1/customers/{}"): "accounts:write",
    ("GET", "/api/v1/accounts"): "accounts:read",
    ("POST", "/api/v1/accounts"): "accounts:write",
    ("GET", "/api/v1/accounts/{}"): "accounts:read",
    ("PATCH", "/api/v1/accounts/{}"): "accounts:write",
    ("GET", "/api/v1/accounts/{}/balance"): "accounts:read",
    ("GET", "/api/v1/accounts/{}/postings"): "accounts:read",
    ("GET", "/api/v1/accounts/{}/statements"): "accounts:read",
    ("GET", "/api/v1/config/tenants"): "config:read",
    ("POST", "/api/v1/config/tenants"): "platform:admin",
    ("GET", "/api/v1/config/tenants/{}"): "config:read",
    ("PATCH", "/api/v1/config/tenants/{}"): "platform:admin",
    ("GET", "/api/v1/config/tenants/{}/history"): "config:read",
    ("GET", "/api/v1/config/tenants/{}/features"): "config:read",
    ("GET", "/api/v1/config/tenants/{}/features/{}"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/features/{}"): "config:write",
    ("DELETE", "/api/v1/config/tenants/{}/features/{}"): "config:write",
    ("POST", "/api/v1/config/tenants/{}/features/{}/kill"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/features/{}/history"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/features/{}/rollback"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/payment-types"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/payment-types"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/payment-types/{}"): "config:read",
    ("PUT", "/api/v1/config/tenants/{}/payment-types/{}"): "config:write",
    ("DELETE", "/api/v1/config/tenants/{}/payment-types/{}"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/payment-types/{}/versions"): "config:read",
    ("GET", "/api/v1/config/tenants/{}/payment-types/{}/diff"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/payment-types/{}/activate"): "config:write",
    ("POST", "/api/v1/config/tenants/{}/payment-types/{}/retire"): "config:write",
    ("POST", "/api/v1/config/tenants/{}/payment-types/{}/rollback"): "config:write",
    ("GET", "/api/v1/transactions"): "payments:read",
    ("POST", "/api/v1/transactions"): "payments:write",
    ("GET", "/api/v1/transactions/{}"): "payments:read",
    ("POST", "/api/v1/transactions/{}/approve"): "payments:approve",
    ("POST", "/api/v1/transactions/{}/reject"): "payments:approve",
    ("POST", "/api/v1/transactions/{}/cancel"): "payments:write",
    ("POST", "/api/v1/transactions/{}/reverse"): "payments:write",
    ("GET", "/api/v1/value-date"): "payments:read",
    ("GET", "/api/v1/config/tenants/{}/calendars"): "config:read",
    ("GET", "/api/v1/config/tenants/{}/calendars/{}"): "config:read",
    ("PUT", "/api/v1/config/tenants/{}/calendars/{}"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/calendars/{}/days"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/calendars/{}/days"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/calendars/{}/days/{}"): "config:read",
    ("PUT", "/api/v1/config/tenants/{}/calendars/{}/days/{}"): "config:write",
    ("DELETE", "/api/v1/config/tenants/{}/calendars/{}/days/{}"): "config:write",
    ("POST", "/api/v1/iso20022/pain001"): "iso20022:write",
    ("GET", "/api/v1/iso20022/messages"): "iso20022:read",
    ("GET", "/api/v1/iso20022/messages/{}"): "iso20022:read",
    ("GET", "/api/v1/iso20022/messages/{}/document"): "iso20022:read",
    ("GET", "/api/v1/iso20022/messages/{}/report"): "iso20022:read",
    ("GET", "/api/v1/iso20022/accounts/{}/camt053"): "iso20022:read",
    ("GET", "/api/v1/config/tiers/{}/defaults"): "platform:admin",
    ("PUT", "/api/v1/config/tiers/{}/defaults"): "platform:admin",
    ("GET", "/api/v1/config/tiers/{}/defaults/history"): "platform:admin",
    ("POST", "/api/v1/config/tiers/{}/defaults/rollback"): "platform:admin",
    ("GET", "/api/v1/config/tenants/{}/config"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/config"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/config/history"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/config/rollback"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/config/diff"): "config:read",
    ("GET", "/api/v1/config/tenants/{}/config/pending"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/config/changes/{}/approve"): "config:write",
    ("POST", "/api/v1/config/tenants/{}/config/changes/{}/reject"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/config/export"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/config/import"): "config:write",
    ("POST", "/api/v1/config/tenants/{}/config/validate"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/rate-limits"): "config:read",
    ("PUT", "/api/v1/config/tenants/{}/rate-limits"): "config:write",
    ("DELETE", "/api/v1/config/tenants/{}/rate-limits"): "config:write",
    ("GET", "/api/v1/config/tenants/{}/rate-limits/history"): "config:read",
    ("POST", "/api/v1/config/tenants/{}/rate-limits/rollback"): "config:write",
}


def operations(client: Client) -> Iterator[tuple[str, str, list[dict[str, list[str]]]]]:
    """(method, path, which tokens it takes) of every operation in the published document."""
    response = client.get("/api/v1/schema?format=json")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = json.loads(response.content)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, [needed for needed in operation.get("security", []) if "oauth2" in needed]


def test_every_published_operation_needs_exactly_the_scope_that_was_reviewed(client: Client) -> None:
    published = {(method, re.sub(r"\{\w+\}", "{}", path)): security for method, path, security in operations(client)}
    assert len(published) > 5
    expected = {key: [{"oauth2": [REVIEWED[key]]}] if REVIEWED.get(key) else [] for key in published if key in REVIEWED}
    assert published.keys() - REVIEWED.keys() == set()
    assert published == expected


def test_what_is_public_is_served_without_a_token_and_nothing_else_is(client: Client) -> None:
    for method, path, security in operations(client):
        if not path.startswith(API_PREFIX):
            assert not security, (method, path)  # the door that looks at tokens stands before the API
            continue
        assert is_public(re.sub(r"\{\w+\}", "x", path)) is not bool(security), (method, path)


def test_every_operation_refuses_strangers_and_tokens_without_its_scope(client: Client, tenant_a: TenantRecord) -> None:
    credentials = create_api_client(tenant=tenant_a.slug, name="All but one", scopes=TENANT_SCOPES)
    for method, path, security in operations(client):
        if not security:
            continue
        address = re.sub(r"\{\w+\}", "x", path)
        (needed,) = security[0]["oauth2"]
        token = issue_access_token(
            client_id=credentials.client_id, tenant=tenant_a.slug, scopes=TENANT_SCOPES - {needed}, lifetime_seconds=60
        )
        stranger = client.generic(method, address)
        assert (stranger.status_code, stranger.json()["code"]) == (401, "not_authenticated"), (method, path)
        refused = client.generic(method, address, headers={"authorization": f"Bearer {token}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_authorised"), (method, path)


def test_the_reviewed_scopes_exist() -> None:
    assert set(REVIEWED.values()) - {PUBLIC} <= set(SCOPES)
    assert set(SCOPES) - {PLATFORM_ADMIN} == TENANT_SCOPES
