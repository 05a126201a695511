"""What lists say and offer while there is nothing in them."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tenants import registry
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(in_tenant_a: TenantRecord) -> Account:
    return factories.make_account(funds_minor=90_000_00)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("iso20022_message", "No messages yet. A bank&#x27;s customer sends them to POST /api/v1/iso20022/pain001."),
        ("payments_payment", "No payments yet. They come by POST /api/v1/transactions, or in a pain.001 message."),
        ("payments_calendarday", "No day departs from its calendar."),
        ("config_mgmt_configversion", "Nobody has changed anything yet."),
    ],
)
def test_an_empty_list_says_how_its_first_row_comes_about(operator_a: Client, model: str, sentence: str) -> None:
    page = html(operator_a, list_of(model))
    assert sentence in page
    assert "Create a new item" not in page
    assert (f"{reverse(f'admin:{model}_add')}" in page) is (model == "payments_calendarday"), "nothing is offered that nobody may add"


def test_a_search_that_finds_nothing_leads_back_to_all(operator_a: Client, account: Account) -> None:
    page = html(operator_a, list_of("accounts_account"), q="nobody")
    assert "Nothing is found that fits" in page
    assert '<a href="?" class="portal-link mt-4">Show all</a>' in page


def test_an_empty_list_of_a_suspended_tenant_offers_nothing_to_add(operator_a: Client, tenant_a: TenantRecord) -> None:
    assert "Add customer" in words(html(operator_a, list_of("accounts_customer")))
    Tenant.objects.filter(slug=tenant_a.slug).update(status="SUSPENDED")
    registry.forget()
    page = words(html(operator_a, list_of("accounts_customer")))
    assert "No customers yet." in page
    assert "Add customer" not in page


def test_the_calendars_that_are_built_in_stand_above_the_tenants_own(operator_a: Client) -> None:
    page = words(html(operator_a, list_of("payments_tenantcalendar")))
    assert "CH Swiss Interbank Clearing: SIC SIC, SIX Switzerland Europe/Zurich" in page
    assert "Built in" in page
    assert "No calendars of the tenant&#x27;s own." in page
