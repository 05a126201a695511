"""A configuration as one document: exported, tried, imported all or nothing; and the defaults of tiers."""

from typing import Any

import pytest

from config_mgmt.models import ConfigVersion
from events.models import OutboxEvent
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant, TierDefault
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, Platform, problem, shown

pytestmark = pytest.mark.django_db
PATH = "/config/tenants/alpha-bank/config"
TIER = "/config/tiers/ENTERPRISE/defaults"
FLAG = {"kind": "FEATURE", "key": "new-fees", "value": {"enabled": True, "config": {"rolloutPercentage": 25}}}
LIMITS = {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60}
RATE = {"kind": "RATE_LIMIT", "key": "/api/v1/transactions", "value": LIMITS}
SETTING = {"kind": "SETTING", "key": LIMIT, "value": "100.00"}
OWN = {"kind": "SETTING", "key": "custom.theme", "value": {"colour": "green"}, "environment": "staging"}


def bring_in(api: Api, *items: dict[str, Any], path: str = "import", **more: Any) -> Any:
    return api.post(f"{PATH}/{path}", {"items": list(items), **more})


def outcomes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["outcome"] for item in answer.json()["items"]]


def stored(tenant: TenantRecord) -> int:
    with tenant_scope(tenant):
        return ConfigVersion.objects.count()


class TestImport:
    def test_everything_comes_in_and_goes_out_again(self, api: Api, tenant_a: TenantRecord) -> None:
        assert outcomes(bring_in(api, FLAG, RATE, SETTING, OWN, reason="move")) == ["NEW"] * 4
        exported = api.get(f"{PATH}/export")
        production = [{**item, "environment": "production"} for item in (FLAG, RATE)]
        assert exported.json() == {"tenantId": "alpha-bank", "items": [*production, OWN, {**SETTING, "environment": "production"}]}
        assert shown(api)["reason"] == "move"

    def test_a_second_time_nothing_happens(self, api: Api, tenant_a: TenantRecord) -> None:
        bring_in(api, FLAG, RATE, SETTING, OWN)
        tag = api.get(f"{PATH}/export").headers["ETag"]
        assert outcomes(bring_in(api, *api.get(f"{PATH}/export").json()["items"])) == ["UNCHANGED"] * 4
        assert (stored(tenant_a), api.get(f"{PATH}/export").headers["ETag"]) == (4, tag)

    def test_a_backup_brings_everything_back(self, api: Api) -> None:
        bring_in(api, FLAG, RATE, SETTING)
        backup = api.get(f"{PATH}/export").json()
        bring_in(api, {**SETTING, "value": "7"}, {**FLAG, "value": None}, {**RATE, "value": {**LIMITS, "burstCapacity": 1}})
        assert outcomes(api.post(f"{PATH}/import", backup)) == ["NEW", "CHANGED", "CHANGED"]
        assert api.get(f"{PATH}/export").json() == backup

    def test_one_wrong_item_and_nothing_is_imported(self, api: Api, tenant_a: TenantRecord) -> None:
        answer = bring_in(
            api,
            SETTING,
            {**SETTING, "key": "payment.max_dayly_limit"},
            {**SETTING, "key": "tenant.time_zone", "value": "Mars"},
            {**FLAG, "value": {"enabled": True, "config": {"rolloutPercentage": 101}}},
            {**FLAG, "key": "other", "value": {"on": True}},
            {**RATE, "value": {**LIMITS, "burstCapacity": -1}},
            {**RATE, "key": "transactions"},
            {**RATE, "key": "*", "environment": "staging"},
            SETTING,
        )
        assert problem(answer) == (
            422,
            "import_refused",
            [
                "/items/1/key",
                "/items/2/value",
                "/items/3/value/config/rolloutPercentage",
                "/items/4/value/on",
                "/items/5/value/burstCapacity",
                "/items/6/key",
                "/items/7/environment",
                "/items/8/key",
            ],
        )
        assert stored(tenant_a) == 0

    def test_a_key_only_the_platform_changes(self, api: Api, platform: Platform) -> None:
        item = {"kind": "SETTING", "key": "iso20022.answer_within", "value": "PT5S"}
        assert problem(bring_in(api, item))[2] == ["/items/0"]
        assert outcomes(bring_in(platform, item)) == ["NEW"]

    def test_what_needs_approval_becomes_a_proposal_once(self, api: Api, tenant_a: TenantRecord) -> None:
        item = {"kind": "SETTING", "key": "config.four_eyes_keys", "value": ["*"]}
        assert [outcomes(bring_in(api, item)) for _ in range(2)] == [["PROPOSED"], ["UNCHANGED"]]
        assert stored(tenant_a) == 1

    def test_nothing_where_nothing_is(self, api: Api, tenant_a: TenantRecord) -> None:
        assert outcomes(bring_in(api, *({**item, "value": None} for item in (SETTING, FLAG, RATE)))) == ["UNCHANGED"] * 3
        assert stored(tenant_a) == 0

    def test_an_export_of_another_tenant(self, api: Api) -> None:
        assert problem(bring_in(api, SETTING, tenantId="beta-bank"))[2] == ["/tenantId"]
        assert outcomes(bring_in(api, SETTING, tenantId="alpha-bank")) == ["NEW"]

    @pytest.mark.parametrize(
        "body", [{}, {"items": {}}, {"items": [{}]}, {"items": [{**SETTING, "kind": "X"}]}, {"items": [{**SETTING, "x": 1}]}, []]
    )
    def test_another_document(self, api: Api, body: Any) -> None:
        assert api.post(f"{PATH}/import", body).status_code in {400, 422}


class TestValidate:
    def test_it_says_what_an_import_would_do_and_does_nothing(self, api: Api, tenant_a: TenantRecord) -> None:
        bring_in(api, SETTING)
        revision = registry.config_revision_of(tenant_a.slug)
        answer = bring_in(api, SETTING, FLAG, {**RATE, "value": 1}, {**SETTING, "environment": "staging"}, path="validate")
        assert outcomes(answer) == ["UNCHANGED", "NEW", "INVALID", "NEW"]
        assert (answer.json()["valid"], answer.json()["items"][2]["errors"][0]["pointer"]) == (False, "/items/2/value")
        with tenant_scope(tenant_a):
            assert (ConfigVersion.objects.count(), OutboxEvent.objects.count()) == (1, 1)
        assert registry.config_revision_of(tenant_a.slug) == revision

    def test_all_is_well(self, api: Api) -> None:
        assert bring_in(api, SETTING, path="validate").json()["valid"] is True


class TestTiers:
    def put(self, platform: Api, *defaults: dict[str, Any], tier: str = TIER, **headers: str) -> Any:
        return platform.send("PUT", tier, {"defaults": list(defaults)}, **headers)

    def test_they_are_replaced_as_a_whole(self, platform: Platform, tenant_a: TenantRecord) -> None:
        assert self.put(platform, SETTING, FLAG, RATE).status_code == 200
        assert [row["key"] for row in platform.get(TIER).json()["defaults"]] == ["new-fees", "/api/v1/transactions", LIMIT]
        assert self.put(platform, {**SETTING, "value": "5"}).status_code == 200
        assert [(row["key"], row["value"], row["changedBy"]) for row in platform.get(TIER).json()["defaults"]] == [
            (LIMIT, "5", platform.client_id)
        ]

    def test_each_tenant_of_the_tier_has_them_at_once_and_no_other(self, platform: Platform, api: Api, tenant_b: TenantRecord) -> None:
        Tenant.objects.filter(slug=tenant_b.slug).update(tier="BASIC")
        before = {slug: registry.config_revision_of(slug) for slug in ("alpha-bank", "beta-bank")}
        self.put(platform, SETTING)
        after = {slug: registry.config_revision_of(slug) for slug in before}
        assert (after["alpha-bank"] > before["alpha-bank"], after["beta-bank"]) == (True, before["beta-bank"])
        assert (shown(api)["configValue"], shown(api)["source"]) == ("100.00", "TIER")
        assert api.get(f"{PATH}/export").json()["items"] == []

    def test_a_stale_copy(self, platform: Platform) -> None:
        tag = platform.get(TIER).headers["ETag"]
        assert self.put(platform, SETTING, **{"If-Match": tag}).status_code == 200
        assert problem(self.put(platform, **{"If-Match": tag}))[:2] == (412, "stale_version")
        assert TierDefault.objects.count() == 1

    def test_wrong_ones(self, platform: Platform) -> None:
        answer = self.put(platform, {**SETTING, "value": "-1"}, {**SETTING, "key": "nonsense"}, FLAG, FLAG, {**RATE, "value": {}})
        assert problem(answer)[2][:4] == ["/defaults/0/value", "/defaults/1/key", "/defaults/3/key", "/defaults/4/value/rateLimitPerMinute"]
        assert TierDefault.objects.count() == 0

    def test_no_such_tier(self, platform: Platform) -> None:
        for answer in (platform.get("/config/tiers/GOLD/defaults"), self.put(platform, tier="/config/tiers/GOLD/defaults")):
            assert problem(answer)[:2] == (404, "not_found")

    def test_a_tenant_sees_and_changes_none_of_it(self, api: Api) -> None:
        for answer in (api.get(TIER), self.put(api, SETTING)):
            assert problem(answer)[:2] == (403, "not_authorised")
