"""Settings through the whole stack: the guide's command, where a value comes from, keys of requests, and who may."""

import pytest

from config_mgmt.models import ConfigVersion
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, PATH, Platform, problem, save, shown

pytestmark = pytest.mark.django_db


class TestTheGuidesCommand:
    def test_as_printed(self, platform: Platform, tenant_a: TenantRecord) -> None:
        body = {"configKey": LIMIT, "configValue": "100000.00", "environment": "production"}
        answer = platform.post(PATH, body, key=None, **{"X-Tenant-ID": "alpha-bank"})
        assert answer.status_code == 201, answer.content
        made = answer.json()
        expected = {"configKey": LIMIT, "configValue": "100000.00", "environment": "production", "version": 1, "status": "ACTIVE"}
        assert {name: made[name] for name in expected} == expected
        assert (made["tenantId"], made["changedBy"], answer.headers["ETag"]) == ("alpha-bank", platform.client_id, '"v1"')

    def test_the_tenants_number_does_as_well(self, api: Api, tenant_a: TenantRecord) -> None:
        body = {"configKey": LIMIT, "configValue": "1.00"}
        assert api.post(f"/config/tenants/{tenant_a.reference}/config", body).status_code == 201

    def test_a_header_that_names_another_tenant(self, platform: Platform, tenant_b: TenantRecord) -> None:
        answer = platform.post(PATH, {"configKey": LIMIT, "configValue": "1"}, **{"X-Tenant-ID": tenant_b.slug})
        assert problem(answer)[:2] == (403, "tenant_mismatch")

    def test_a_tenant_that_is_not_there(self, platform: Platform) -> None:
        assert problem(platform.get("/config/tenants/nobody-bank/config"))[:2] == (404, "not_found")


class TestWhereAValueComesFrom:
    def test_default_tier_profile_tenant(self, api: Api, platform: Platform, tenant_a: TenantRecord) -> None:
        key = "payment.default_currency"
        seen = [shown(api, key)]
        defaults = {"defaults": [{"kind": "SETTING", "key": key, "value": "USD"}]}
        assert platform.send("PUT", "/config/tiers/ENTERPRISE/defaults", defaults).status_code == 200
        seen.append(shown(api, key))
        Tenant.objects.filter(slug=tenant_a.slug).update(currency="CHF")
        seen.append(shown(api, key))
        save(api, "JPY", key)
        seen.append(shown(api, key))
        save(api, None, key)
        seen.append(shown(api, key))
        assert [(row["configValue"], row["source"], row["version"]) for row in seen] == [
            ("EUR", "DEFAULT", 0),
            ("USD", "TIER", 0),
            ("CHF", "PROFILE", 0),
            ("JPY", "TENANT", 1),
            ("CHF", "PROFILE", 2),
        ]

    def test_the_list_shows_every_declared_setting_and_ones_own(self, api: Api) -> None:
        save(api, 1, "custom.z")
        rows = api.get(PATH).json()["data"]
        assert [row["configKey"] for row in rows] == sorted(
            [
                "config.four_eyes_keys",
                "custom.z",
                "iso20022.answer_within",
                "iso20022.payment_type",
                LIMIT,
                "payment.default_currency",
                "payment.rails_out_of_service",
                "tenant.time_zone",
            ]
        )
        assert all(row["description"] and row["allowed"] for row in rows)

    def test_in_pages(self, api: Api) -> None:
        first = api.get(f"{PATH}?limit=4").json()
        second = api.get(f"{PATH}?limit=4&cursor={first['nextCursor']}").json()
        keys = [row["configKey"] for row in first["data"] + second["data"]]
        assert (keys, second["hasMore"]) == (sorted(keys), False)
        assert len(set(keys)) == 7

    def test_an_environment_has_its_own_values(self, api: Api) -> None:
        save(api, "1", environment="staging")
        assert (shown(api, environment="staging")["configValue"], shown(api)["configValue"]) == ("1", None)

    def test_nothing_to_take_away(self, api: Api) -> None:
        answer = save(api, None)
        assert (answer.status_code, answer.json()["changeId"], ConfigVersion.objects.count()) == (200, None, 0)

    def test_an_unknown_key_is_not_looked_for(self, api: Api) -> None:
        assert problem(api.get(f"{PATH}?configKey=nonsense")) == (422, "setting_unknown", ["?configKey"])


class TestIdempotency:
    def test_the_same_key_gives_the_same_answer(self, api: Api) -> None:
        body = b'{"configKey": "custom.x", "configValue": 1.50}'
        first, again = (api.post(PATH, body, key="k1") for _ in range(2))
        assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
        assert (again.headers["Idempotent-Replayed"], again.headers["ETag"]) == ("true", '"v1"')
        other = api.post(PATH, {"configKey": "custom.x", "configValue": 2}, key="k1")
        assert problem(other)[:2] == (422, "idempotency_key_reused")

    def test_a_refusal_is_kept_too(self, api: Api) -> None:
        answers = [api.post(PATH, {"configKey": "nonsense", "configValue": 1}, key="k2") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert "Idempotent-Replayed" in answers[1]


class TestWhoMay:
    def test_what_the_platform_alone_changes(self, api: Api, platform: Platform) -> None:
        assert problem(save(api, "PT5S", "iso20022.answer_within"))[:2] == (403, "not_authorised")
        assert save(platform, "PT5S", "iso20022.answer_within").status_code == 201
        assert shown(api, "iso20022.answer_within")["changeableBy"] == "PLATFORM"

    def test_a_neighbour_reads_and_writes_nothing(self, api: Api, api_b: Api) -> None:
        save(api, "1")
        for answer in (api_b.get(PATH), api_b.get(f"{PATH}/history"), save(api_b, "2"), api_b.get(f"{PATH}/export")):
            assert problem(answer)[:2] == (403, "tenant_mismatch")
        assert api_b.get("/config/tenants/beta-bank/config/history").json()["data"] == []
        rows = api_b.get(f"/config/tenants/beta-bank/config?configKey={LIMIT}").json()["data"]
        assert [(row["configValue"], row["source"]) for row in rows] == [(None, "DEFAULT")]
