"""The platform's own API client, and the tenant it is asked for in the deployment guide."""

import json
from typing import Any

import pytest
from django.test import Client

from config_mgmt.values import Actor
from payment_engine.api.scopes import SCOPES
from tenants.operations.clients import create_api_client
from tenants.tokens import issue_access_token

OPERATOR = Actor(name="cli_operator", person="olga")


class Platform:
    """Sends JSON with a token of the platform."""

    def __init__(self, scopes: "list[str] | None" = None) -> None:
        scopes = sorted(scopes or SCOPES)
        self.client_id = create_api_client(tenant=None, name="platform", scopes=scopes, person="olga").client_id
        self.token = issue_access_token(client_id=self.client_id, tenant=None, scopes=scopes, lifetime_seconds=300)
        self._client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = "" if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self._client.generic(method, f"/api/v1{path}", data, content_type="application/json", headers=headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)


@pytest.fixture
def platform(db: None) -> Platform:
    return Platform()


@pytest.fixture
def wanted() -> dict[str, Any]:
    return {
        "tenantId": "gamma-bank",
        "tenantName": "Gamma Bank",
        "tenantType": "BANK",
        "subscriptionTier": "STANDARD",
        "configuration": {"features": {"iso20022": True, "bulkProcessing": False, "advancedMonitoring": False}},
    }
