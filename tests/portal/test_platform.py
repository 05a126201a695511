"""Platform staff: across all tenants only to look, for one tenant to act, and the registry."""

import logging
import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from oauth2_provider.models import get_access_token_model

from accounts.models import Account
from config_mgmt.models import TenantChange
from tenants.context import POOL_SCHEMA, tenant_scope
from tenants.models import ApiClient, StaffUser, Tenant
from tenants.operations.clients import create_api_client
from tenants.operations.staff import create_staff_user
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])
READ_ONLY = "All tenants, read only."


@pytest.fixture
def accounts(tenant_a: TenantRecord, tenant_b: TenantRecord) -> tuple[Account, Account]:
    with tenant_scope(tenant_a):
        first = factories.make_account(name="Account of ALPHA", funds_minor=100)
    with tenant_scope(tenant_b):
        return first, factories.make_account(name="Account of BETA", funds_minor=200)


def _act_for(client: Client, slug: str) -> None:
    assert client.post(reverse("admin:tenants_tenant_act"), {"tenant": slug}).status_code == 302


def test_platform_sees_all_tenants_of_the_pool_and_can_change_nothing(
    platform: Client, accounts: tuple[Account, Account], tenant_a: TenantRecord
) -> None:
    page = html(platform, list_of("accounts_account"))
    assert "Account of BETA" in page
    assert ("Account of ALPHA" in page) is (tenant_a.schema == POOL_SCHEMA)
    assert READ_ONLY in page
    assert "beta-bank" in words(page)
    assert reverse("admin:accounts_account_add") not in page
    account = accounts[1]
    detail = html(platform, page_of("accounts_account", account.pk))
    assert "2.00 EUR" in words(detail)
    assert page_of("accounts_account", account.pk, "freeze") not in detail
    for button in ("freeze", "close", "opening_balance", "rename"):
        assert platform.post(page_of("accounts_account", account.pk, button), {"name": "x", "amount": "1"}).status_code == 403
    for model in ("accounts_account", "accounts_customer", "accounts_journal", "payments_paymenttype"):
        assert platform.post(reverse(f"admin:{model}_add"), {"name": "x"}).status_code == 403
    assert platform.post(page_of("accounts_customer", account.customer_id), {"name": "x"}).status_code == 403


def test_platform_narrows_a_list_to_one_tenant_of_the_pool(platform: Client, accounts: tuple[Account, Account]) -> None:
    assert "Account of BETA" in html(platform, list_of("accounts_account"), tenant="beta-bank")
    assert "Account of BETA" not in html(platform, list_of("accounts_account"), tenant="alpha-bank")


def test_platform_acts_for_the_tenant_it_chose(
    platform: Client, accounts: tuple[Account, Account], tenant_a: TenantRecord, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "tenants.admin.tenants"):
        _act_for(platform, "alpha-bank")
    assert [record.for_tenant for record in caplog.records] == ["alpha-bank"]  # type: ignore[attr-defined]
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == ("alpha-bank", "Acts for this tenant in the portal.")
    page = html(platform, list_of("accounts_account"))
    assert "Account of ALPHA" in page
    assert "Account of BETA" not in page
    assert READ_ONLY not in page
    send(platform, page_of("accounts_account", accounts[0].pk, "freeze"))
    with tenant_scope(tenant_a):
        assert Account.objects.get(pk=accounts[0].pk).status == "FROZEN"
    assert platform.post(page_of("accounts_account", accounts[1].pk, "freeze")).status_code == 404
    _act_for(platform, "")
    assert READ_ONLY in html(platform, list_of("accounts_account"))


def test_a_tenant_that_does_not_exist_can_not_be_chosen(platform: Client) -> None:
    _act_for(platform, "no-such-bank")
    assert "there is no such tenant" in html(platform, reverse("admin:index"))
    assert platform.get(reverse("admin:tenants_tenant_act")).status_code == 405


def test_dashboard_of_the_platform_and_of_a_tenant(platform: Client, accounts: tuple[Account, Account]) -> None:
    page = words(html(platform, reverse("admin:index")))
    for shown in ("Alpha Bank", "Beta Bank", "TIDLT-", "Placement", "Database"):
        assert shown in page, shown
    _act_for(platform, "alpha-bank")
    page = words(html(platform, reverse("admin:index")))
    for shown in ("No payments yet today.", "There are no payments.", "No account is frozen."):
        assert shown in page, shown


def test_every_page_of_every_list_opens_for_the_platform(platform: Client, accounts: tuple[Account, Account]) -> None:
    apps = re.findall(r'href="(/admin/[a-z0-9_]+/[a-z0-9]+/(?:[a-z-]+/)?)"', html(platform, reverse("admin:index")))
    assert len(set(apps)) == 21
    for url in (*apps, *(f"{url}?q=x" for url in apps)):
        html(platform, url)


def test_every_filter_of_every_list_opens_for_the_platform(platform: Client, accounts: tuple[Account, Account]) -> None:
    create_api_client(tenant="alpha-bank", name="Shop", scopes=["payments:read"])
    lists = re.findall(r'href="(/admin/[a-z0-9_]+/[a-z0-9]+/)"', html(platform, reverse("admin:index")))
    one_of_each = {(url, link.partition("=")[0]): url + link for url in set(lists) for link in filters_on(html(platform, url))}
    assert len(one_of_each) > 25
    for link in one_of_each.values():
        html(platform, link)


def filters_on(page: str) -> list[str]:
    """Where its links lead that narrow the list."""
    return [unescape(link) for link in sorted(set(re.findall(r'href="(\?[^"]+)"', page)))]


@pytest.mark.parametrize("model", ["tenants_apiclient", "tenants_staffuser"])
def test_the_registry_is_narrowed_to_one_tenant_or_to_the_platform(platform: Client, model: str) -> None:
    for slug in ("alpha-bank", "beta-bank", None):
        create_api_client(tenant=slug, name=f"shop of {slug}", scopes=["payments:read"])
        owner = Tenant.objects.get(slug=slug) if slug else None
        create_staff_user(username=f"shop-of-{slug}", password="correct-horse-battery", tenant=owner)
    links = [link for link in filters_on(html(platform, list_of(model))) if link.startswith("?tenant")]
    shown = [sorted(set(re.findall(r"shop.of.([\w-]+)", html(platform, list_of(model) + link)))) for link in links]
    assert sorted(shown) == [["None"], ["alpha-bank"], ["beta-bank"]]


def test_a_tenant_is_created_and_suspended(platform: Client) -> None:
    url = reverse("admin:tenants_tenant_add")
    answer = send(platform, url, slug="Gamma", name="Gamma", tenant_type="BANK", tier="BASIC")
    assert list(answer.context["form"].errors) == ["slug"]
    send(platform, url, slug="gamma-bank", name="Gamma Bank", tenant_type="BANK", tier="BASIC")
    tenant = Tenant.objects.get(slug="gamma-bank")
    assert tenant.status == "ACTIVE"
    domains = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}
    values = {"name": "Gamma", "tenant_type": "BANK", "tier": "BASIC", "environment": "PRODUCTION", "slug": "other", **domains}
    answer = send(platform, page_of("tenants_tenant", "gamma-bank"), **values, status="DECOMMISSIONED")
    assert list(answer.context["adminform"].form.errors) == ["status"]
    send(platform, page_of("tenants_tenant", "gamma-bank"), **values, status="SUSPENDED", reason="unpaid")
    tenant.refresh_from_db()
    assert (tenant.slug, tenant.name, tenant.status) == ("gamma-bank", "Gamma", "SUSPENDED")
    with tenant_scope(tenant):
        newest = TenantChange.objects.order_by("-id").first()
        assert newest is not None
        assert (newest.kind, newest.reason, newest.changed_by) == ("SUSPENDED", "unpaid", "platform")
    wrong = send(platform, page_of("tenants_tenant", "gamma-bank"), **values | {"name": "Gamma AG", "country": "XX"}, status="SUSPENDED")
    assert "ISO 3166-1" in wrong.content.decode()
    tenant.refresh_from_db()
    assert tenant.name == "Gamma"
    assert platform.post(page_of("tenants_tenant", "gamma-bank", "delete"), {"post": "yes"}).status_code == 403


def test_the_list_of_tenants_says_how_they_stand(platform: Client, tenant_b: TenantRecord) -> None:
    Tenant.objects.filter(slug=tenant_b.slug).update(status="SUSPENDED")
    cells = re.findall(r"<td[^>]*field-standing[^>]*>(.*?)</td>", html(platform, list_of("tenants_tenant")), re.DOTALL)
    assert [words(cell).strip() for cell in cells] == ["Active", "Suspended"]


def test_an_api_clients_secret_is_shown_once(platform: Client) -> None:
    url = reverse("admin:tenants_apiclient_add")
    answer = send(platform, url, tenant="alpha-bank", name="Shop", scopes="platform:admin")
    assert list(answer.context["form"].errors) == ["scopes"]
    answer = send(platform, url, tenant="alpha-bank", name="Shop", scopes="payments:read")
    secret = answer.context["credentials"].client_secret
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    client = ApiClient.objects.get()
    assert secret not in html(platform, page_of("tenants_apiclient", client.pk))
    renewed = send(platform, page_of("tenants_apiclient", client.pk, "renew_secret"))
    assert renewed.context["credentials"].client_secret != secret
    send(platform, page_of("tenants_apiclient", client.pk, "withdraw"))
    client.refresh_from_db()
    assert client.tokens_valid_from is not None
    send(platform, page_of("tenants_apiclient", client.pk, "remove"))
    assert not ApiClient.objects.exists()


def test_issued_tokens_are_shown_to_nobody(platform: Client) -> None:
    for model in ("accesstoken", "refreshtoken", "grant", "idtoken"):
        assert platform.get(list_of(f"oauth2_provider_{model}")).status_code == 403
    assert get_access_token_model()._meta.app_label == "oauth2_provider"


def test_staff_is_added_with_a_tenant_and_can_sign_in(platform: Client) -> None:
    url = reverse("admin:tenants_staffuser_add")
    answer = send(platform, url, username="ann", tenant="alpha-bank", password="secret")
    assert list(answer.context["form"].errors) == ["password"]
    send(platform, url, username="ann", tenant="alpha-bank", password="correct-horse-battery")
    assert "somebody has this user name" in send(platform, url, username="ann", password="correct-horse-battery").content.decode()
    ann = Client()
    page = send(ann, f"{reverse('admin:login')}?next=/admin/", username="ann", password="correct-horse-battery")
    assert "Alpha Bank" in words(page.content.decode())
    key = StaffUser.objects.get(username="ann").pk
    send(platform, page_of("tenants_staffuser", key), username="ann", first_name="Ann", last_name="", email="")
    assert ann.get(reverse("admin:index")).status_code == 302, "deactivated: the box was not ticked"
    password = {"password1": "another-horse-battery", "password2": "another-horse-battery", "usable_password": "true"}
    send(platform, reverse("admin:auth_user_password_change", args=[key]), **password)
    assert StaffUser.objects.get(username="ann").check_password("another-horse-battery")


def test_sign_in_page_says_the_products_name() -> None:
    assert "Payment Engine" in words(html(Client(), reverse("admin:login")))


@pytest.mark.parametrize(
    ("page", "lookup"),
    [
        ("tenants_signingkey", "private_key__startswith"),
        ("tenants_apiclient", "client_secret__startswith"),
        ("tenants_apiclient", "client_secret__exact"),
        ("tenants_staffuser", "password__startswith"),
        ("tenants_tenant", "status__startswith"),
    ],
)
def test_lists_are_filtered_by_what_they_offer_and_by_nothing_else(platform: Client, page: str, lookup: str) -> None:
    assert platform.get(list_of(page), {lookup: "a"}).status_code == 400
    assert platform.get(list_of("tenants_tenant"), {"status__exact": "ACTIVE"}).status_code == 200
