"""Attacks of a stranger on configuration: other tenants' doors, and what the platform alone decides."""

from datetime import timedelta

import pytest

from config_mgmt.operations.changes import database_now
from payment_engine.api.scopes import PLATFORM_ADMIN
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import Person
from tests.review.platform_api import PlatformApi, config

pytestmark = pytest.mark.django_db


class TestOtherTenants:
    def test_no_door_of_another_tenant_opens(self, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        api = Api(tenant_b)
        seen = {}
        for name in (tenant_a.slug, tenant_a.reference, "no-such-bank", "TIDLT-999999"):
            for rest in (
                "",
                "/history",
                "/config",
                "/config/history",
                "/config/pending",
                "/config/export",
                "/features",
                "/features/f",
                "/rate-limits",
                "/rate-limits/history",
                "/payment-types",
                "/payment-types/P",
                "/payment-types/P/versions",
                "/calendars",
                "/calendars/TARGET2",
            ):
                seen[name, rest] = api.get(f"/config/tenants/{name}{rest}")
            seen[name, "set"] = api.post(f"/config/tenants/{name}/config", {"configKey": "custom.a", "configValue": 1})
            seen[name, "import"] = api.post(f"/config/tenants/{name}/config/import", {"items": []})
            seen[name, "flag"] = api.post(f"/config/tenants/{name}/features/f", {"enabled": True})
            seen[name, "type"] = api.post(f"/config/tenants/{name}/payment-types", {"code": "P", "name": "P"})
            seen[name, "limit"] = api.send(
                "PUT",
                f"/config/tenants/{name}/rate-limits?endpoint=*",
                {"rateLimitPerMinute": 1, "burstCapacity": 1, "windowSizeSeconds": 1},
            )
        assert {(answer.status_code, answer.json()["code"]) for answer in seen.values()} == {(403, "tenant_mismatch")}

    def test_header_path_and_token_agree(self, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        admin = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write")
        weak = PlatformApi("config:read", "config:write")
        a, b = config(tenant_a, "/config"), config(tenant_b, "/config")
        body = {"configKey": "custom.a", "configValue": 1}
        assert admin.post(a, body).status_code == 201
        assert admin.post(a, body, **{"X-Tenant-ID": tenant_b.slug}).status_code == 403
        assert admin.post(b, body, **{"X-Tenant-ID": tenant_b.reference}).status_code == 201
        assert [weak.post(a, body).status_code, weak.get(a).status_code, weak.get("/config/tenants").status_code] == [403] * 3
        assert [weak.get(a, **{"X-Tenant-ID": tenant_a.slug}).status_code, Api(tenant_a).get(a, **{"X-Tenant-ID": ""}).status_code] == [
            403
        ] * 2
        assert weak.get("/config/tiers/BASIC/defaults").status_code == 403
        assert [Api(tenant_a).get("/config/tiers/BASIC/defaults").status_code, Api(tenant_a).post("/config/tenants", {}).status_code] == [
            403
        ] * 2
        assert Api(tenant_a).send("PATCH", config(tenant_a), {"subscriptionTier": "ENTERPRISE"}).status_code == 403
        assert admin.get(a.replace(tenant_a.slug, "no-such-bank")).status_code == 404

    def test_what_the_platform_decides_no_tenant_undoes(self, in_tenant_a: TenantRecord) -> None:
        platform = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", person="operations")
        ours, key = Person(in_tenant_a, "ada"), "iso20022.answer_within"
        path = config(in_tenant_a, "/config")
        later = (database_now() + timedelta(hours=1)).isoformat()
        scheduled = platform.post(path, {"configKey": key, "configValue": "PT5S", "activateAt": later}).json()
        proposed = platform.post(path, {"configKey": key, "configValue": "PT7S", "requireApproval": True}).json()
        seen = [
            ours.post(path, {"configKey": key, "configValue": "PT9S"}),
            ours.post(f"{path}/rollback", {"configKey": key, "version": 1}),
            ours.post(f"{path}/rollback", {"configKey": key, "version": 77}),
            ours.post(f"{path}/changes/{scheduled['changeId']}/reject", None),
            ours.post(f"{path}/changes/{proposed['changeId']}/reject", None),
            ours.post(f"{path}/changes/{proposed['changeId']}/approve", None),
        ]
        assert [(answer.status_code, answer.json().get("code")) for answer in seen] == [(403, "not_authorised")] * 6
        other = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", person="risk")
        assert other.post(f"{path}/changes/{proposed['changeId']}/approve", None).status_code == 200
        assert other.post(f"{path}/changes/{scheduled['changeId']}/reject", None).status_code == 200
