"""An API client of one tenant, through the whole stack (middleware, view, posting core)."""

import json
from collections.abc import Iterable
from typing import Any

from django.test import Client

from payment_engine.ids import new_id
from tenants.operations.clients import create_api_client
from tenants.operations.keys import ensure_signing_key
from tenants.registry import TenantRecord
from tenants.scopes import TENANT_SCOPES
from tenants.tokens import issue_access_token


class Api:
    """Sends JSON with a fresh Idempotency-Key on every POST unless told otherwise (`key=None`: none)."""

    def __init__(self, tenant: TenantRecord, scopes: Iterable[str] = TENANT_SCOPES, *, person: str = "") -> None:
        ensure_signing_key()
        self.client_id = create_api_client(tenant=tenant.slug, name="test client", scopes=scopes, person=person).client_id
        self.token = issue_access_token(client_id=self.client_id, tenant=tenant.slug, scopes=sorted(scopes), lifetime_seconds=300)
        self._client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes | str) else "" if body is None else json.dumps(body)
        return self._client.generic(
            method, f"/api/v1{path}", data, content_type="application/json", headers={"Authorization": f"Bearer {self.token}", **headers}
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, *, key: str | None = "fresh", **headers: str) -> Any:
        if key is not None:
            headers["Idempotency-Key"] = new_id().hex if key == "fresh" else key
        return self.send("POST", path, body, **headers)
