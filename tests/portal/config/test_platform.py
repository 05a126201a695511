"""Platform staff on the pages of configuration: they look across tenants, and change the one they chose. Suspended tenants."""

import pytest
from django.test import Client
from django.urls import reverse

from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import save_rate_limit
from config_mgmt.queries.versions import active_version
from tenants import registry
from tenants.context import POOL_SCHEMA, tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.portal.config.steps import ADA, change_page, make_flag, propose, set_limit, setting_page
from tests.portal.pages import html, send, words

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])
LIMIT = {"rateLimitPerMinute": 7, "burstCapacity": 70, "windowSizeSeconds": 60}


@pytest.fixture
def changes(tenant_a: TenantRecord, tenant_b: TenantRecord) -> list[ConfigVersion]:
    """Of both tenants: a setting, a flag, a limit, and a setting that waits, which is the last one."""
    made = []
    for tenant, value in ((tenant_a, "1111.00"), (tenant_b, "2222.00")):
        with tenant_scope(tenant):
            set_limit(value)
            make_flag(f"flag-of-{tenant.slug}")
            save_rate_limit(endpoint=f"/api/v1/{tenant.slug}", value=LIMIT, actor=ADA)
            made.append(set_limit("3333.00", asks_approval=True))
    return made


def _act_for(client: Client, slug: str) -> None:
    assert client.post(reverse("admin:tenants_tenant_act"), {"tenant": slug}).status_code == 302


def test_without_a_tenant_everything_is_seen_and_nothing_can_be_changed(
    platform: Client, changes: list[ConfigVersion], tenant_a: TenantRecord, tenant_b: TenantRecord
) -> None:
    pooled = tenant_a.schema == POOL_SCHEMA
    for name, of_a, of_b in (
        ("settings", "1111.00", "2222.00"),
        ("features", "flag-of-alpha-bank", "flag-of-beta-bank"),
        ("rate_limits", "/api/v1/alpha-bank", "/api/v1/beta-bank"),
        ("approvals", "alpha-bank:", "beta-bank:"),
        ("configversion_changelist", "flag-of-alpha-bank", "flag-of-beta-bank"),
    ):
        page = words(html(platform, url_of(name)))
        assert ((of_a in page), (of_b in page)) == (pooled, True), name
        assert "All tenants, read only." in page
        for button in ("Approve ", "Reject ", "Add a flag", "Limit an endpoint", "Propose"):
            assert button not in page, (name, button)
    assert "2222.00 3333.00" in words(html(platform, page_of_version(changes[1])))
    for url in (change_page(), url_of("feature_add"), url_of("feature_change", "flag-of-beta-bank"), url_of("rate_limit_add")):
        assert platform.get(url).status_code == 403, url
    for button in ("approve", "reject", "roll_back"):
        assert platform.post(page_of_version(changes[1], button), {"expected_version": "1"}).status_code == 403
    with tenant_scope(tenant_b):
        changes[1].refresh_from_db()
        assert changes[1].status == "PROPOSED"


def test_a_keys_page_leads_to_its_changes_across_tenants(platform: Client, changes: list[ConfigVersion]) -> None:
    for url in (setting_page(), url_of("feature", "flag-of-beta-bank"), url_of("rate_limit", endpoint="/api/v1/beta-bank")):
        answer = platform.get(url, follow=True)
        assert answer.redirect_chain[-1][0].startswith(url_of("configversion_changelist"))
        assert "beta-bank" in answer.content.decode()


def test_platform_staff_act_for_the_tenant_they_chose(platform: Client, changes: list[ConfigVersion], tenant_b: TenantRecord) -> None:
    _act_for(platform, "beta-bank")
    page = words(html(platform, url_of("settings")))
    assert ("2222.00" in page, "1111.00" in page) == (True, False)
    key = "iso20022.answer_within"
    propose(platform, change_page(key), config_value="PT5S")
    send(platform, page_of_version(changes[1], "approve"))
    with tenant_scope(tenant_b):
        within, limit = active_version("SETTING", key), active_version("SETTING", "payment.max_daily_limit")
        assert within is not None
        assert limit is not None
        assert (within.value, within.changed_by, limit.value, limit.decided_by) == ("PT5S", "platform", "3333.00", "platform")
    assert platform.post(page_of_version(changes[0], "approve"), {}).status_code == 404


def test_a_suspended_tenant_only_reads(operator_a: Client, changes: list[ConfigVersion]) -> None:
    Tenant.objects.filter(slug="alpha-bank").update(status="SUSPENDED")
    registry.forget()
    assert "1111.00" in html(operator_a, setting_page())
    for url in (change_page(), url_of("feature_kill", "flag-of-alpha-bank"), page_of_version(changes[0], "reject")):
        answer = operator_a.post(url, {"config_value": "1.00", "expected_version": "1"})
        assert (answer.status_code, b"suspended" in answer.content) == (403, True), url


def test_nobody_who_is_not_signed_in_sees_anything() -> None:
    for name in ("settings", "features", "rate_limits", "approvals"):
        assert Client().get(url_of(name)).status_code == 302


def test_every_page_is_in_the_sidebar_and_opens(platform: Client, changes: list[ConfigVersion]) -> None:
    index = html(platform, reverse("admin:index"))
    for name in ("settings", "features", "rate_limits", "approvals"):
        assert url_of(name) in index
        html(platform, url_of(name), p="2")
        html(platform, url_of(name), p="nonsense")
