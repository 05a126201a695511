"""The first page: what one did last, and the newest tenants."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from payment_engine.ids import public_id
from tenants.operations.onboarding import create_tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(in_tenant_a: TenantRecord) -> Account:
    return factories.make_account(funds_minor=90_000_00)


def test_the_first_page_says_what_one_did_last(operator_a: Client, account: Account) -> None:
    send(operator_a, page_of("accounts_account", account.pk, "freeze"))
    page = html(operator_a, reverse("admin:index"))
    name = public_id("acc", account.pk)
    assert f"Account frozen. Account {name[:13]}…{name[-6:]}" in words(page)
    assert name not in words(page), "the whole id only when pointed at"
    assert "Recent actions" not in page


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_the_platforms_first_page_shows_the_ten_newest_tenants(platform: Client) -> None:
    for number in range(12):
        create_tenant(slug=f"bank-{number:02}", name=f"Bank {number:02}")
    index = platform.get(reverse("admin:index"))
    (panel,) = [panel for panel in index.context["panels"] if panel.title == "Newest tenants"]
    assert len(panel.rows) == 10
    assert list_of("tenants_tenant") in index.content.decode()
