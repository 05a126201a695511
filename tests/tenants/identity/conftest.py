"""API clients of both tenants and of the platform, and the tokens they get at the real token endpoint."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from payment_engine.api.scopes import SCOPES
from tenants import keys, registry, tokens
from tenants.models import Tenant
from tenants.operations.clients import ClientCredentials, create_api_client
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tenants.scopes import TENANT_SCOPES


def forget_everything() -> None:
    """What a few seconds of waiting do."""
    for cache in (registry, keys, tokens, client_standing):
        cache.forget()


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    forget_everything()
    yield
    forget_everything()


@pytest.fixture
def client_a(tenant_a: TenantRecord) -> ClientCredentials:
    return create_api_client(tenant=tenant_a.slug, name="Alpha's shop", scopes=TENANT_SCOPES)


@pytest.fixture
def client_b(tenant_b: TenantRecord) -> ClientCredentials:
    return create_api_client(tenant=tenant_b.slug, name="Beta's shop", scopes=TENANT_SCOPES)


@pytest.fixture
def platform_client(db: None) -> ClientCredentials:
    return create_api_client(tenant=None, name="Operations", scopes=SCOPES)


def post_token(http: Client, credentials: ClientCredentials, **form: str) -> Any:
    body = {"grant_type": "client_credentials", "client_id": credentials.client_id, "client_secret": credentials.client_secret, **form}
    return http.post("/oauth2/token", "&".join(f"{name}={value}" for name, value in body.items()), "application/x-www-form-urlencoded")


@pytest.fixture
def token_of(client: Client) -> Callable[..., str]:
    def get(credentials: ClientCredentials, **form: str) -> str:
        response = post_token(client, credentials, **form)
        assert response.status_code == 200, response.content
        return str(response.json()["access_token"])

    return get


@pytest.fixture
def call(client: Client) -> Callable[..., Any]:
    """Call the probe API with a token: `call("GET", "/api/v1/probe", token, x_tenant_id="beta-bank")`."""

    def send(method: str, path: str, token: str | None = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["authorization"] = f"Bearer {token}"
        return client.generic(method, path, headers=named)

    return send


@pytest.fixture
def set_status(db: None) -> Callable[[str, str], None]:
    """Change a tenant's status as the database sees it, without telling this process."""

    def change(slug: str, status: str) -> None:
        rows = Tenant.objects.filter(slug=slug)
        if status == Tenant.Status.PENDING_ACTIVATION:  # nothing leads back there: as if it had never been activated
            row = rows.get()
            rows._raw_delete(rows.db)
            row.status = status
            row.save(force_insert=True)
            return
        if status == Tenant.Status.DECOMMISSIONED:
            rows.update(status=Tenant.Status.SUSPENDED)
        rows.update(status=status)

    return change
