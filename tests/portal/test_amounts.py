"""Amounts, and what is empty, are written one way on every page."""

import pytest
from django.test import Client

from accounts.models import Account
from payments.models import Payment
from payments.operations.submit import submit_payments
from tenants.portal.cells import grouped
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.config.steps import set_limit
from tests.portal.pages import html, page_of, send, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(in_tenant_a: TenantRecord) -> Account:
    return factories.make_account(funds_minor=90_000_00)


def test_what_is_empty_is_the_same_dash_everywhere(operator_a: Client, account: Account) -> None:
    factories.make_payment_type()
    submit_payments([factories.payment(account, factories.make_account())])
    page = words(html(operator_a, page_of("payments_payment", Payment.objects.get().pk)))
    assert "Reason code –" in page
    assert " - " not in page


def test_so_is_what_a_column_of_the_portal_leaves_empty(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    page = words(html(operator_a, page_of("config_mgmt_configversion", set_limit("500.00").pk)))
    assert "Why –" in page
    assert "Why -" not in page


def test_large_amounts_are_written_one_way(operator_a: Client, account: Account) -> None:
    factories.make_payment_type()
    submit_payments([factories.payment(account, factories.make_account(), 50_000_00)])
    url = page_of("payments_payment", Payment.objects.get().pk, "reverse")
    assert "50,000.00 EUR can be reversed" in words(html(operator_a, url))
    refused = words(send(operator_a, url, amount="60000.00", reason="x").content.decode())
    assert "50,000.00 EUR of this payment can still be reversed" in refused
    assert "50,000.00 EUR reversed." in words(send(operator_a, url, amount="", reason="x").content.decode())


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("at most 50000.00 EUR", "at most 50,000.00 EUR"),
        ("used: 1200.50 of 50000.00 EUR", "used: 1,200.50 of 50,000.00 EUR"),
        ("1234567 JPY needed", "1,234,567 JPY needed"),
        ("on 2026-03-27 in 2027", "on 2026-03-27 in 2027"),
        ("12.00 EUR of 1000 payments", "12.00 EUR of 1000 payments"),
        ("IBAN DE91200000000000000001 EUR", "IBAN DE91200000000000000001 EUR"),
    ],
)
def test_amounts_in_sentences_of_operations(said: str, shown: str) -> None:
    assert grouped(said) == shown
