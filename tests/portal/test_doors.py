"""Coming in, and being turned away: sign-in, and the pages of what may not be seen or is not there."""

import pytest
from django.test import Client
from django.urls import reverse

from tenants import registry
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.portal.conftest import PASSWORD
from tests.portal.pages import list_of, words

pytestmark = pytest.mark.django_db


def test_sign_in_that_names_no_page_ends_on_the_start_page(operator_a: Client, tenant_a: TenantRecord) -> None:
    answer = Client().post(reverse("admin:login"), {"username": f"{tenant_a.slug}-operator", "password": PASSWORD}, follow=True)
    assert (answer.redirect_chain, answer.status_code) == ([("/admin/", 302)], 200)


def refusal(client: Client, url: str, method: str = "get") -> tuple[int, str, str]:
    """Status, kind of document, words; every such page leads back to the start page."""
    answer = getattr(client, method)(url)
    page = answer.content.decode()
    assert '<a href="/admin/">To the start page</a>' in page
    return answer.status_code, answer["Content-Type"], words(page)


def test_a_page_one_may_not_see_says_so_and_leads_back(operator_a: Client) -> None:
    status, kind, shown = refusal(operator_a, list_of("tenants_tenant"))
    assert (status, kind) == (403, "text/html; charset=utf-8")
    assert "Your user has no permission for this page" in shown


@pytest.mark.parametrize("url", ["/admin/nowhere/", "/admin/payments/payment/no-such/approve", "/nowhere"])
def test_a_page_that_is_not_there_says_so_and_leads_back(operator_a: Client, url: str) -> None:
    status, _, shown = refusal(operator_a, url)
    assert (status, "There is nothing at this address" in shown) == (404, True)


def test_what_a_suspended_tenant_may_not_do_is_refused_with_the_reason(operator_a: Client, tenant_a: TenantRecord) -> None:
    Tenant.objects.filter(slug=tenant_a.slug).update(status="SUSPENDED")
    registry.forget()
    status, kind, shown = refusal(operator_a, reverse("admin:accounts_customer_add"), "post")
    assert (status, kind) == (403, "text/html; charset=utf-8")
    assert "The tenant is suspended: it can read, and change nothing." in shown
