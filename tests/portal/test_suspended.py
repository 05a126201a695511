"""People of a suspended tenant look at everything and are offered nothing that would be refused; the platform's staff act on."""

import pytest
from django.test import Client
from django.urls import reverse

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config
from config_mgmt.values import Actor
from payments.definitions import Definition
from payments.models import PaymentType
from payments.operations.payment_types import put_payment_type
from payments.operations.submit import submit_payments
from tenants import registry
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, words

ADA = Actor(name="ada", person="ada")
HINT = "This tenant is suspended."
LISTS = (
    "accounts_customer",
    "accounts_account",
    "accounts_journal",
    "payments_payment",
    "payments_paymenttype",
    "payments_calendarday",
    "payments_tenantcalendar",
    "iso20022_message",
    "config_mgmt_configversion",
)
ADDED_BY_HAND = ("accounts_customer", "accounts_account", "accounts_journal", "payments_paymenttype", "payments_calendarday")
CONFIGURATION = ("settings", "features", "rate_limits", "approvals")


def suspend(slug: str) -> None:
    Tenant.objects.filter(slug=slug).update(status="SUSPENDED")
    registry.forget()


@pytest.fixture
def pages(in_tenant_a: TenantRecord) -> dict[str, str]:
    """A record of each kind that has buttons, by a button it has as long as the tenant is active."""
    debtor, creditor = factories.make_account(funds_minor=10_00), factories.make_account()
    factories.make_payment_type("SEPA")
    (outcome,) = submit_payments([factories.payment(debtor, creditor, 1_00, payment_type="SEPA")])
    assert outcome.payment is not None
    terms = Definition(name="Sepa", description="another")
    draft = put_payment_type(code="SEPA", definition=terms, actor=ADA, draft=True)
    for value in ("1.00", "2.00"):
        change_config(kind=ConfigVersion.Kind.SETTING, key="payment.max_daily_limit", value=value, actor=ADA)
    first = ConfigVersion.objects.get(version=1)
    return {
        page_of("accounts_account", debtor.pk, "freeze"): page_of("accounts_account", debtor.pk),
        page_of("payments_payment", outcome.payment.id, "reverse"): page_of("payments_payment", outcome.payment.id),
        page_of("payments_paymenttype", draft.pk, "discard"): page_of("payments_paymenttype", draft.pk),
        page_of("config_mgmt_configversion", first.pk, "roll_back"): page_of("config_mgmt_configversion", first.pk),
    }


def add_page(model: str) -> str:
    return reverse(f"admin:{model}_add")


@pytest.mark.django_db
def test_every_page_is_there_and_says_so(operator_a: Client, pages: dict[str, str]) -> None:
    suspend("alpha-bank")
    asked = [
        reverse("admin:index"),
        *map(list_of, LISTS),
        *pages.values(),
        *(reverse(f"admin:config_mgmt_{name}") for name in CONFIGURATION),
    ]
    for url in asked:
        assert HINT in words(html(operator_a, url)), url


@pytest.mark.django_db
def test_nothing_is_offered_that_would_be_refused(operator_a: Client, pages: dict[str, str]) -> None:
    for button, page in pages.items():
        assert button in html(operator_a, page), "while the tenant is active"
    customer = page_of("accounts_customer", factories.make_customer("Grace Hopper").pk)
    assert 'name="_save"' in html(operator_a, customer)
    suspend("alpha-bank")
    assert 'name="_save"' not in html(operator_a, customer)
    for button, page in pages.items():
        shown = html(operator_a, page)
        assert button not in shown
        assert 'name="_save"' not in shown, page
        assert operator_a.get(button).status_code == 403
    for model in ADDED_BY_HAND:
        assert add_page(model) not in html(operator_a, list_of(model))
        assert operator_a.get(add_page(model)).status_code == 403


@pytest.mark.django_db
def test_a_tenant_that_is_not_suspended_notices_nothing(operator_b: Client, tenant_b: TenantRecord) -> None:
    suspend("alpha-bank")
    for model in ADDED_BY_HAND:
        page = html(operator_b, list_of(model))
        assert HINT not in page
        assert add_page(model) in page


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_the_platforms_staff_act_for_a_suspended_tenant(platform: Client, pages: dict[str, str]) -> None:
    suspend("alpha-bank")
    platform.post(reverse("admin:tenants_tenant_act"), {"tenant": "alpha-bank"})
    draft = PaymentType.objects.get(status="DRAFT")
    page = html(platform, page_of("payments_paymenttype", draft.pk))
    assert HINT not in page
    assert page_of("payments_paymenttype", draft.pk, "activate") in page


@pytest.mark.django_db
def test_the_history_of_configuration_is_called_by_what_it_is(operator_a: Client, pages: dict[str, str]) -> None:
    page = words(html(operator_a, list_of("config_mgmt_configversion")))
    assert "Changes of configuration" in page
    assert "Config version" not in page
