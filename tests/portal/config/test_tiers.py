"""Defaults of tiers in the portal: the platform's staff see, change and roll them back; a tenant's staff meet nothing of them."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from config_mgmt.admin.tier_panels import address
from config_mgmt.operations.tiers import DefaultValue, replace_tier_defaults
from config_mgmt.queries.tiers import tier_defaults, tier_version
from events.models import OutboxEvent
from tenants.context import tenant_scope
from tenants.models import TierChange
from tenants.registry import TenantRecord
from tests.portal.config.steps import ADA, LIMIT, diff, propose
from tests.portal.pages import html, page_of, send, words

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])
TIER = "ENTERPRISE"
OVERVIEW = "/admin/tenants/tierchange/"
ENDPOINT = "/api/v1/transactions"
RATE = {"rate_limit_per_minute": "500", "burst_capacity": "750", "window_size_seconds": "60"}
FLAG = {"enabled": "on", "rollout_percentage": "25"}


def setting(key: str = LIMIT, kind: str = "SETTING", page: str = "tier_set") -> str:
    return address(page, TIER, kind=kind, key=key)


def values() -> dict[str, Any]:
    return {row.key: row.value for row in tier_defaults(TIER).rows}


def put(**defaults: str) -> int:
    wanted = [DefaultValue(kind="SETTING", key=key.replace("__", "."), value=value) for key, value in defaults.items()]
    return replace_tier_defaults(tier=TIER, defaults=wanted, actor=ADA, precondition=lambda _: None, reason="by the API").version


def test_every_tier_is_listed_with_what_it_gives(platform: Client, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    put(payment__max_daily_limit="100.00")
    page = words(html(platform, OVERVIEW))
    for shown in ("Basic 0 0 – – –", "Enterprise 2 1 1 ada", "by the API"):
        assert shown in page, shown
    assert OVERVIEW in html(platform, reverse("admin:index"))
    page = words(html(platform, address("tier", TIER)))
    assert "Tier Enterprise has 2 tenants." in page
    assert "Setting payment.max_daily_limit 100.00 ada" in page
    assert "gives its tenants nothing of its own" in html(platform, address("tier", "BASIC"))


def test_a_setting_is_set_after_its_difference_was_shown_and_reaches_the_tenants(platform: Client, tenant_a: TenantRecord) -> None:
    chosen = send(platform, address("tier_add", TIER), kind="SETTING", key=LIMIT)
    assert chosen.redirect_chain[-1][0] == setting()
    shown = send(platform, setting(), config_value="500.00", reason="Contract")
    assert diff(shown) == [("value", "–", "500.00")]
    assert values() == {}, "nothing is changed yet"
    answer = propose(platform, setting(), config_value="500.00", reason="Contract")
    assert "version 1 of the defaults of tier Enterprise is in force." in words(answer.content.decode())
    change = tier_version(TIER, 1)
    assert (values(), change.reason, change.changed_by, change.changed_by_person) == ({LIMIT: "500.00"}, "Contract", "platform", "platform")
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["ENTERPRISE v1"]
    with tenant_scope(tenant_a):
        assert OutboxEvent.objects.latest("id").payload["kind"] == "TIER_DEFAULTS"


def test_flags_and_limits_have_their_own_forms(platform: Client, tenant_a: TenantRecord) -> None:
    propose(platform, setting("new-fees", "FEATURE"), **FLAG, reason="Trial")
    propose(platform, setting(ENDPOINT, "RATE_LIMIT"), **RATE, reason="Trial")
    assert values() == {
        "new-fees": {"enabled": True, "config": {"rolloutPercentage": 25}},
        ENDPOINT: {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60},
    }
    page = words(html(platform, address("tier", TIER)))
    for shown in ("Feature flag new-fees on, 25 %", "Rate limit /api/v1/transactions 500 a minute, burst 750"):
        assert shown in page, shown
    shown = send(platform, setting("new-fees", "FEATURE"), **{**FLAG, "rollout_percentage": "60"}, reason="More")
    assert diff(shown) == [("rolloutPercentage", "25", "60")]
    assert 'value="60"' in shown.content.decode()


def test_a_default_is_taken_away_and_the_others_stay(platform: Client, tenant_a: TenantRecord) -> None:
    put(payment__max_daily_limit="100.00", payment__default_currency="CHF")
    url = setting(page="tier_remove")
    assert diff(platform.get(url)) == [("value", "100.00", "–")]
    assert list(send(platform, url, reason="").context["form"].errors) == ["reason"]
    send(platform, url, reason="Not needed")
    assert values() == {"payment.default_currency": "CHF"}
    assert platform.get(url).status_code == 404


def test_history_has_both_sides_and_leads_back(platform: Client, tenant_a: TenantRecord) -> None:
    put(payment__max_daily_limit="100.00")
    put(payment__max_daily_limit="200.00", payment__default_currency="CHF")
    first, second = tier_version(TIER, 1), tier_version(TIER, 2)
    page = html(platform, address("tier", TIER))
    assert "payment.max_daily_limit: 100.00 → 200.00" in words(page)
    back = page_of("tenants_tierchange", first.pk, "roll_back")
    assert back in page
    assert page_of("tenants_tierchange", second.pk, "roll_back") not in page, "it is in force"
    version = words(html(platform, page_of("tenants_tierchange", second.pk)))
    assert "payment.default_currency – CHF payment.max_daily_limit 100.00 200.00" in version
    assert back in html(platform, page_of("tenants_tierchange", first.pk))
    assert diff(platform.get(back)) == [("payment.default_currency", "CHF", "–"), ("payment.max_daily_limit", "200.00", "100.00")]
    send(platform, back, reason="Too generous")
    newest = tier_version(TIER, 3)
    assert (values(), newest.rollback_of, newest.reason) == ({LIMIT: "100.00"}, 1, "Too generous")
    again = send(platform, back, reason="Twice")
    assert "nothing was changed" in again.content.decode()
    assert TierChange.objects.count() == 3


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(platform: Client, tenant_a: TenantRecord) -> None:
    put(payment__max_daily_limit="100.00")
    typed = {"config_value": "300.00", "reason": "Late", "expected_version": "1"}
    shown: Any = platform.post(setting(), typed)
    put(payment__max_daily_limit="100.00", payment__default_currency="CHF")
    for url, sent in (
        (setting(), {**typed, "shown": shown.context["form"].fingerprint}),
        (setting(page="tier_remove"), typed),
        (page_of("tenants_tierchange", tier_version(TIER, 1).pk, "roll_back"), typed),
    ):
        assert "were changed since you looked at them" in platform.post(url, sent).content.decode(), url
    assert values() == {LIMIT: "100.00", "payment.default_currency": "CHF"}


@pytest.mark.parametrize(
    ("named", "typed", "field"),
    [
        (("SETTING", LIMIT), {"config_value": "-1"}, "config_value"),
        (("SETTING", LIMIT), {"config_value": "1.00", "reason": ""}, "reason"),
        (("FEATURE", "new-fees"), {"rollout_percentage": "101"}, "rollout_percentage"),
        (("FEATURE", "new-fees"), {"rollout_percentage": "1", "targeting": "{"}, "targeting"),
        (("RATE_LIMIT", ENDPOINT), {**RATE, "burst_capacity": "0"}, "burst_capacity"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    platform: Client, tenant_a: TenantRecord, named: tuple[str, str], typed: dict[str, str], field: str
) -> None:
    kind, key = named
    answer = propose(platform, setting(key, kind), **{"reason": "x", **typed})
    assert list(answer.context["form"].errors) == [field]
    assert values() == {}


@pytest.mark.parametrize(
    ("kind", "key"), [("SETTING", "payment.max_dayly_limit"), ("FEATURE", "New Fees"), ("RATE_LIMIT", "transactions"), ("GIFT", "x")]
)
def test_a_key_that_is_none_has_no_page(platform: Client, tenant_a: TenantRecord, kind: str, key: str) -> None:
    assert platform.get(setting(key, kind)).status_code == 404
    answer = send(platform, address("tier_add", TIER), kind=kind, key=key)
    assert list(answer.context["form"].errors) == ["kind" if kind == "GIFT" else "key"]


def test_a_tier_that_is_none_has_no_page(platform: Client, tenant_a: TenantRecord) -> None:
    for page in ("tier", "tier_add", "tier_set", "tier_remove"):
        assert platform.get(address(page, "GOLD", kind="SETTING", key=LIMIT)).status_code == 404, page


def test_a_tenants_staff_meet_nothing_of_them(operator_a: Client) -> None:
    put(payment__max_daily_limit="100.00")
    change = tier_version(TIER, 1)
    assert OVERVIEW not in html(operator_a, reverse("admin:index"))
    pages = [OVERVIEW, address("tier", TIER), address("tier_add", TIER), setting(), setting(page="tier_remove")]
    pages += [page_of("tenants_tierchange", change.pk, button) for button in (None, "roll_back", "history")]
    for url in pages:
        assert operator_a.get(url).status_code == 403, url
        assert operator_a.post(url, {"reason": "x", "expected_version": "1", "config_value": "1.00"}).status_code == 403, url
    assert values() == {LIMIT: "100.00"}


def test_whom_the_platform_acts_for_makes_no_difference(platform: Client, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    platform.post(reverse("admin:tenants_tenant_act"), {"tenant": "alpha-bank"})
    propose(platform, setting(), config_value="500.00", reason="Contract")
    assert values() == {LIMIT: "500.00"}
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            assert OutboxEvent.objects.filter(topic="config.changed").count() == 1, tenant.slug


def test_versions_are_not_edited_by_hand(platform: Client, tenant_a: TenantRecord) -> None:
    put(payment__max_daily_limit="100.00")
    change = tier_version(TIER, 1)
    assert platform.post(page_of("tenants_tierchange", change.pk), {"reason": "another"}).status_code == 403
    assert platform.post(page_of("tenants_tierchange", change.pk, "delete"), {"post": "yes"}).status_code == 403
    assert platform.get(f"{OVERVIEW}add/").status_code == 403
