"""Each change of a tier's defaults is history, an event for every tenant it reaches, and can be brought back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config_mgmt.operations.tenants import take_on_tenant
from config_mgmt.operations.tiers import DefaultValue, differences_of, replace_tier_defaults
from config_mgmt.tenant_orders import TenantOrder
from config_mgmt.values import Actor
from events.models import OutboxEvent
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant, TierChange, TierDefault
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, Platform, problem, shown

TIER = "/config/tiers/ENTERPRISE/defaults"
FLAG = {"kind": "FEATURE", "key": "new-fees", "value": {"enabled": True, "config": {"rolloutPercentage": 25}}}
SETTING = {"kind": "SETTING", "key": LIMIT, "value": "100.00"}
OPERATOR = Actor(name="cli_operator", person="olga")


def put(platform: Api, *defaults: dict[str, Any], tier: str = TIER, reason: str = "", **headers: str) -> Any:
    return platform.send("PUT", tier, {"defaults": list(defaults), "reason": reason}, **headers)


def roll_back(platform: Api, version: Any, **headers: str) -> Any:
    return platform.post(f"{TIER}/rollback", {"version": version, "reason": "too much"}, **headers)


def history(platform: Api) -> list[dict[str, Any]]:
    answer = platform.get(f"{TIER}/history")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["data"])


def in_force(platform: Api) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in platform.get(TIER).json()["defaults"]}


def events_of(tenant: TenantRecord) -> list[OutboxEvent]:
    with tenant_scope(tenant):
        return list(OutboxEvent.objects.order_by("id"))


@pytest.mark.django_db
class TestHistory:
    def test_it_says_who_changed_what_when_and_why(self, platform: Platform) -> None:
        put(platform, SETTING, FLAG, reason="contract of 2026", **{"X-Correlation-ID": "the-ticket-4711"})
        put(platform, {**SETTING, "value": "5"}, reason="pilot is over")
        second, first = history(platform)
        assert (first["version"], first["tier"], first["reason"], first["correlationId"]) == (
            1,
            "ENTERPRISE",
            "contract of 2026",
            "the-ticket-4711",
        )
        assert first["changes"] == [
            {"change": "ADDED", "kind": "FEATURE", "key": "new-fees", "oldValue": None, "newValue": FLAG["value"]},
            {"change": "ADDED", "kind": "SETTING", "key": LIMIT, "oldValue": None, "newValue": "100.00"},
        ]
        assert (second["version"], second["reason"], second["rollbackOf"]) == (2, "pilot is over", None)
        assert second["changes"] == [
            {"change": "REMOVED", "kind": "FEATURE", "key": "new-fees", "oldValue": FLAG["value"], "newValue": None},
            {"change": "CHANGED", "kind": "SETTING", "key": LIMIT, "oldValue": "100.00", "newValue": "5"},
        ]
        assert {(row["changedBy"], row["changedByPerson"]) for row in (first, second)} == {(platform.client_id, platform.client_id)}
        assert first["changedAt"] <= second["changedAt"]
        assert platform.get(TIER).json()["version"] == 2

    def test_what_is_so_already_is_no_version(self, platform: Platform, tenant_a: TenantRecord) -> None:
        put(platform, SETTING)
        assert put(platform, SETTING, reason="again").json()["version"] == 1
        assert (len(history(platform)), len(events_of(tenant_a))) == (1, 1)

    def test_pages_newest_first(self, platform: Platform) -> None:
        for number in range(1, 6):
            put(platform, {**SETTING, "value": str(number)})
        page = platform.get(f"{TIER}/history?limit=2").json()
        versions = [row["version"] for row in page["data"]]
        while page["hasMore"]:
            page = platform.get(f"{TIER}/history?limit=2&cursor={page['nextCursor']}").json()
            versions += [row["version"] for row in page["data"]]
        assert versions == [5, 4, 3, 2, 1]

    def test_each_tier_counts_its_own(self, platform: Platform) -> None:
        put(platform, SETTING)
        assert put(platform, SETTING, tier="/config/tiers/BASIC/defaults").json()["version"] == 1
        assert [row["tier"] for row in history(platform)] == ["ENTERPRISE"]

    def test_it_is_never_rewritten(self, platform: Platform) -> None:
        put(platform, SETTING)
        for write in (lambda: TierChange.objects.update(reason="another"), lambda: TierChange.objects.all().delete()):
            with pytest.raises(Exception, match=r"permission denied|never rewritten"), transaction.atomic():
                write()

    def test_bad_questions(self, platform: Platform) -> None:
        for query in ("limit=0", "limit=x", "cursor=x", "colour=red"):
            assert platform.get(f"{TIER}/history?{query}").status_code == 400, query
        assert problem(platform.get("/config/tiers/GOLD/defaults/history"))[:2] == (404, "not_found")
        assert problem(put(platform, SETTING, reason="x" * 501))[2] == ["/reason"]
        assert history(platform) == []

    def test_a_tenant_sees_and_changes_none_of_it(self, platform: Platform, api: Api) -> None:
        put(platform, SETTING)
        for answer in (api.get(f"{TIER}/history"), roll_back(api, 1)):
            assert problem(answer)[:2] == (403, "not_authorised")


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_of_the_tables_rewrites_history(platform: Platform, owner_connection: psycopg.Connection[Any]) -> None:
    put(platform, SETTING)
    for statement in ("UPDATE public.tier_changes SET reason = 'x'", "DELETE FROM public.tier_changes", "TRUNCATE public.tier_changes"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="never rewritten"):
            owner_connection.execute(statement)


@pytest.mark.django_db
class TestEvents:
    def test_every_tenant_of_the_tier_is_told_without_values(
        self, platform: Platform, tenant_a: TenantRecord, tenant_b: TenantRecord
    ) -> None:
        put(platform, SETTING, reason="contract of 2026", **{"X-Correlation-ID": "the-ticket-4711"})
        change = TierChange.objects.get()
        for tenant in (tenant_a, tenant_b):
            (event,) = events_of(tenant)
            assert (event.topic, event.subject_id, event.tenant_id) == ("config.changed", change.id, tenant.slug)
            assert event.correlation_id == "the-ticket-4711"
            assert event.payload == {
                "kind": "TIER_DEFAULTS",
                "key": "ENTERPRISE",
                "version": 1,
                "changes": [{"change": "ADDED", "kind": "SETTING", "key": LIMIT}],
                "changedBy": platform.client_id,
                "reason": "contract of 2026",
            }

    def test_no_tenant_of_another_tier_is_told(self, platform: Platform, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        Tenant.objects.filter(slug=tenant_b.slug).update(tier="BASIC")
        put(platform, SETTING)
        assert (len(events_of(tenant_a)), events_of(tenant_b)) == (1, [])

    def test_a_suspended_tenant_is_told_a_closed_one_is_not(
        self, platform: Platform, tenant_a: TenantRecord, tenant_b: TenantRecord
    ) -> None:
        Tenant.objects.update(status="SUSPENDED")
        Tenant.objects.filter(slug=tenant_b.slug).update(status="DECOMMISSIONED")
        put(platform, SETTING)
        assert (len(events_of(tenant_a)), events_of(tenant_b)) == (1, [])

    def test_nothing_is_stored_for_a_tenant_that_waits_for_its_schema(self, platform: Platform) -> None:
        order = TenantOrder(slug="gamma-bank", name="Gamma Bank", tier="ENTERPRISE", isolation="schema")
        assert take_on_tenant(order=order, actor=OPERATOR)[0].awaits_schema
        put(platform, SETTING)
        registry.forget()
        assert events_of(registry.tenant_by_slug("gamma-bank")) == []


@pytest.mark.django_db
class TestRollback:
    def test_all_of_an_earlier_version_is_in_force_again_as_a_new_one(self, platform: Platform, api: Api, tenant_a: TenantRecord) -> None:
        put(platform, SETTING, FLAG)
        put(platform, {**SETTING, "value": "5"}, {"kind": "SETTING", "key": "custom.theme", "value": "dark"})
        answer = roll_back(platform, 1)
        assert (answer.status_code, answer.json()["version"]) == (200, 3)
        assert in_force(platform) == {"new-fees": FLAG["value"], LIMIT: "100.00"}
        newest = history(platform)[0]
        assert (newest["version"], newest["rollbackOf"], newest["reason"]) == (3, 1, "too much")
        assert [(row["change"], row["key"]) for row in newest["changes"]] == [
            ("ADDED", "new-fees"),
            ("REMOVED", "custom.theme"),
            ("CHANGED", LIMIT),
        ]
        assert (shown(api)["configValue"], shown(api)["source"]) == ("100.00", "TIER")
        assert len(events_of(tenant_a)) == 3

    def test_asked_again_nothing_changes(self, platform: Platform) -> None:
        put(platform, SETTING)
        put(platform)
        assert [roll_back(platform, 1).json()["version"], roll_back(platform, 1.0).json()["version"]] == [3, 3]

    def test_a_key_brings_its_answer_again(self, platform: Platform) -> None:
        put(platform, SETTING)
        put(platform)
        first = roll_back(platform, 1, key="back-to-1")
        put(platform, FLAG)
        again = roll_back(platform, 1, key="back-to-1")
        assert (again.headers["Idempotent-Replayed"], again.content) == ("true", first.content)
        assert in_force(platform) == {"new-fees": FLAG["value"]}
        assert problem(roll_back(platform, 2, key="back-to-1"))[:2] == (422, "idempotency_key_reused")

    def test_to_nothing(self, platform: Platform) -> None:
        for defaults in ([SETTING], [], [FLAG]):
            put(platform, *defaults)
        roll_back(platform, 2)
        assert in_force(platform) == {}

    def test_a_stale_copy(self, platform: Platform) -> None:
        put(platform, SETTING)
        tag = platform.get(TIER).headers["ETag"]
        now = put(platform, FLAG, **{"If-Match": tag})
        assert problem(roll_back(platform, 1, **{"If-Match": tag}))[:2] == (412, "stale_version")
        assert roll_back(platform, 1, **{"If-Match": now.headers["ETag"]}).status_code == 200

    def test_a_version_there_is_not(self, platform: Platform) -> None:
        put(platform, SETTING, tier="/config/tiers/BASIC/defaults")
        assert problem(roll_back(platform, 1))[:2] == (404, "not_found")
        for version in (0, -1, "1", None, 1.5, True, 10**20):
            answer = roll_back(platform, version)
            assert (answer.status_code in {400, 422}, problem(answer)[2]) == (True, ["/version"]), version

    def test_what_is_no_longer_allowed_is_refused(self, platform: Platform) -> None:
        gone = {"kind": "SETTING", "key": "payment.gone_since", "value": "1"}
        TierChange.objects.create(tier="ENTERPRISE", version=1, changes=[], defaults=[gone], changed_by="x", changed_by_person="x")
        assert problem(roll_back(platform, 1)) == (422, "validation_failed", ["/version"])
        assert not TierDefault.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_follow_one_another(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    """Each version's difference leads from the defaults of the one before to its own."""

    def change(number: int) -> None:
        defaults = [DefaultValue(kind="SETTING", key=f"custom.k{number % 3}", value=number)]
        try:
            replace_tier_defaults(tier="ENTERPRISE", defaults=defaults, actor=OPERATOR, precondition=lambda _now: None)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(change, range(16)))
    versions = list(TierChange.objects.order_by("version"))
    assert [row.version for row in versions] == list(range(1, 17))
    before: dict[tuple[str, str], Any] = {}
    for row in versions:
        after = {(each["kind"], each["key"]): each["value"] for each in row.defaults}
        found = [(each.change, each.key, each.before, each.after) for each in differences_of(before, after)]
        assert [(each["change"], each["key"], each["before"], each["after"]) for each in row.changes] == found
        before = after
    assert {(row.kind, row.key): row.value for row in TierDefault.objects.all()} == before
    assert [len(events_of(tenant)) for tenant in (tenant_a, tenant_b)] == [16, 16]


_sets = st.dictionaries(
    st.tuples(st.sampled_from(["SETTING", "FEATURE"]), st.sampled_from("abcd")),
    st.sampled_from([1, True, 0, False, "1", [1], {"a": 1}]),
)


@given(before=_sets, after=_sets)
def test_the_difference_leads_from_one_to_the_other_and_names_nothing_else(before: Any, after: Any) -> None:
    changes = differences_of(before, after)
    made = dict(before)
    for each in changes:
        name = (each.kind, each.key)
        assert (each.change == "ADDED") == (name not in before)
        assert each.before == before.get(name)
        if each.change == "REMOVED":
            del made[name]
        else:
            made[name] = each.after
    assert repr(sorted(made.items())) == repr(sorted(after.items()))
    assert differences_of(after, after) == []
