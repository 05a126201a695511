"""The platform's clients, with the scopes they are given, and the addresses of a tenant's configuration."""

from typing import Any

from tenants import registry
from tenants.operations.clients import create_api_client
from tenants.registry import TenantRecord
from tenants.tokens import issue_access_token
from tests.api import Api


class PlatformApi(Api):
    def __init__(self, *scopes: str, person: str = "", **headers: str) -> None:
        client = create_api_client(tenant=None, name="operations", scopes=scopes, person=person)
        self.client_id = client.client_id
        super().__init__(registry.tenant_by_slug("beta-bank"))
        self.token = issue_access_token(client_id=client.client_id, tenant=None, scopes=sorted(scopes), lifetime_seconds=300)
        self._always = headers

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return super().send(method, path, body, **self._always, **headers)


def config(tenant: TenantRecord, rest: str = "") -> str:
    return f"/config/tenants/{tenant.slug}{rest}"
