"""Settings as clients of the API change and read them: a person's, and the platform's."""

from typing import Any

from django.test import Client

from payment_engine.api.scopes import PLATFORM_ADMIN
from tenants.models import ApiClient
from tenants.operations.clients import create_api_client
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tenants.scopes import TENANT_SCOPES
from tenants.tokens import issue_access_token
from tests.api import Api

PATH = "/config/tenants/alpha-bank/config"
LIMIT = "payment.max_daily_limit"


class Person(Api):
    """A client of a tenant with a person behind it."""

    def __init__(self, tenant: TenantRecord, person: str) -> None:
        super().__init__(tenant)
        ApiClient.objects.filter(client_id=self.client_id).update(person=person)
        client_standing.forget()


class Platform(Api):
    def __init__(self) -> None:
        scopes = [PLATFORM_ADMIN, *sorted(TENANT_SCOPES)]
        self.client_id = create_api_client(tenant=None, name="platform", scopes=scopes).client_id
        self.token = issue_access_token(client_id=self.client_id, tenant=None, scopes=scopes, lifetime_seconds=300)
        self._client = Client(raise_request_exception=False)


def save(api: Api, value: Any, key: str = LIMIT, **more: Any) -> Any:
    headers = more.pop("headers", {})
    return api.post(PATH, {"configKey": key, "configValue": value, **more}, **headers)


def shown(api: Api, key: str = LIMIT, environment: str = "production") -> dict[str, Any]:
    (row,) = api.get(f"{PATH}?configKey={key}&environment={environment}").json()["data"]
    return dict(row)


def problem(response: Any) -> tuple[int, str, list[str]]:
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json", body
    return response.status_code, body["code"], [error["pointer"] for error in body["errors"]]
