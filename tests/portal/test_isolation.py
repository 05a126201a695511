"""An operator of one tenant meets nothing of another: lists, pages, search, pickers, buttons."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Customer, Journal
from events.models import OutboxEvent
from payments.models import Payment, PaymentType
from payments.operations.submit import submit_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

MODELS = (
    "accounts_customer",
    "accounts_account",
    "accounts_journal",
    "payments_payment",
    "payments_paymenttype",
    "events_outboxevent",
    "iso20022_message",
)
pytestmark = pytest.mark.django_db


def _bank(tenant: TenantRecord, mark: str) -> dict[str, Any]:
    """One row of everything, each with a mark of the tenant."""
    with tenant_scope(tenant):
        factories.make_payment_type(code=f"TYPE_{mark}")
        debtor = factories.make_account(funds_minor=10_000, name=f"Debtor {mark}")
        creditor = factories.make_account(name=f"Creditor {mark}")
        Customer.objects.update(name=f"Customer {mark}")
        (outcome,) = submit_payments([factories.payment(debtor, creditor, payment_type=f"TYPE_{mark}")])
        assert outcome.payment is not None
        message = factories.make_message(original_message_id=f"MSG-{mark}")
        return {
            "accounts_customer": Customer.objects.first(),
            "accounts_account": debtor,
            "accounts_journal": Journal.objects.get(kind="PAYMENT"),
            "payments_payment": Payment.objects.get(),
            "payments_paymenttype": PaymentType.objects.get(),
            "events_outboxevent": OutboxEvent.objects.first(),
            "iso20022_message": message,
        }


@pytest.fixture
def bank_a(tenant_a: TenantRecord) -> dict[str, Any]:
    return _bank(tenant_a, "ALPHA")


@pytest.fixture
def bank_b(tenant_b: TenantRecord) -> dict[str, Any]:
    return _bank(tenant_b, "BETA")


def test_every_list_and_page_shows_the_own_rows_and_no_others(operator_a: Client, bank_a: dict[str, Any], bank_b: dict[str, Any]) -> None:
    for model in MODELS:
        shown = html(operator_a, list_of(model))
        assert str(bank_a[model].pk) in shown, model
        assert str(bank_b[model].pk) not in shown, model
        assert "BETA" not in shown, model
        assert html(operator_a, page_of(model, bank_a[model].pk))
        foreign = operator_a.get(page_of(model, bank_b[model].pk))
        assert (foreign.status_code, foreign["Location"]) == (302, reverse("admin:index")), model


def test_searching_for_the_neighbours_names_ids_and_references_finds_nothing(
    operator_a: Client, bank_a: dict[str, Any], bank_b: dict[str, Any]
) -> None:
    for model in MODELS:
        record = bank_b[model]
        for term in ("BETA", "TYPE_BETA", "MSG-BETA", getattr(record, "public_id", str(record.pk)), getattr(record, "number", "x-1")):
            shown = html(operator_a, list_of(model), q=str(term))
            assert f"{record.pk}/change" not in shown, (model, term)


def test_pickers_offer_own_rows_only(operator_a: Client, bank_a: dict[str, Any], bank_b: dict[str, Any]) -> None:
    pick = operator_a.get(reverse("admin:accounts_account_pick"), {"term": "Debtor"}).json()["results"]
    assert [choice["id"] for choice in pick] == [str(bank_a["accounts_account"].pk)]
    builtin = {"app_label": "accounts", "model_name": "account", "field_name": "customer", "term": "Customer"}
    texts = [choice["text"] for choice in operator_a.get(reverse("admin:autocomplete"), builtin).json()["results"]]
    assert texts
    assert not [text for text in texts if "BETA" in text]


def test_buttons_of_a_foreign_row_do_not_exist(operator_a: Client, bank_b: dict[str, Any], tenant_b: TenantRecord) -> None:
    account, payment = bank_b["accounts_account"], bank_b["payments_payment"]
    for button in ("freeze", "unfreeze", "close", "opening_balance", "rename", "overdraft"):
        assert operator_a.post(page_of("accounts_account", account.pk, button), {"name": "x"}).status_code == 404, button
    assert operator_a.post(page_of("payments_payment", payment.pk, "reverse"), {"reason": "x"}).status_code == 404
    assert operator_a.get(reverse("admin:iso20022_message_document", args=[bank_b["iso20022_message"].pk])).status_code == 404
    with tenant_scope(tenant_b):
        assert Account.objects.get(pk=account.pk).status == "OPEN"
        assert Payment.objects.get().reversed_minor == 0


def test_a_foreign_account_can_not_be_named_in_a_form(
    operator_a: Client, bank_a: dict[str, Any], bank_b: dict[str, Any], tenant_b: TenantRecord
) -> None:
    own, foreign = bank_a["accounts_account"], bank_b["accounts_account"]
    answer = send(
        operator_a,
        reverse("admin:accounts_journal_add"),
        debit_account=str(foreign.pk),
        credit_account=str(own.pk),
        amount="1.00",
        description="theft",
    )
    assert "Select a valid choice" in answer.content.decode()
    assert "BETA" not in answer.content.decode()
    with tenant_scope(tenant_b):
        assert not Journal.objects.filter(kind="MANUAL").exists()


def test_the_registry_is_closed_to_operators(operator_a: Client) -> None:
    for model in ("tenants_tenant", "tenants_placement", "tenants_apiclient", "tenants_staffuser", "tenants_signingkey", "auth_group"):
        assert operator_a.get(list_of(model)).status_code == 403, model
    for model in ("accesstoken", "refreshtoken", "grant", "idtoken"):
        assert operator_a.get(list_of(f"oauth2_provider_{model}")).status_code == 403, model
    assert operator_a.post(reverse("admin:tenants_tenant_act"), {"tenant": "beta-bank"}).status_code == 403
    index = html(operator_a, reverse("admin:index"))
    assert "Tenants" not in words(index)
    assert "Beta Bank" not in index


def test_a_smuggled_session_key_does_not_move_an_operator(operator_a: Client, bank_a: dict[str, Any], bank_b: dict[str, Any]) -> None:
    session = operator_a.session
    session["acting_tenant"] = "beta-bank"
    session.save()
    assert "BETA" not in html(operator_a, list_of("payments_payment"))


def test_the_log_of_what_people_did_holds_no_names(operator_a: Client, bank_a: dict[str, Any]) -> None:
    account = bank_a["accounts_account"]
    send(operator_a, page_of("accounts_account", account.pk, "rename"), name="Secret Name")
    entry = LogEntry.objects.get()
    assert entry.object_repr == f"{account.public_id} (alpha-bank)"
    assert "Secret" not in f"{entry.object_repr}{entry.change_message}"


def test_recent_actions_are_ones_own(operator_a: Client, operator_b: Client, bank_a: dict[str, Any]) -> None:
    account = bank_a["accounts_account"]
    send(operator_a, page_of("accounts_account", account.pk, "rename"), name="Another")
    public_id = account.public_id
    assert public_id in html(operator_a, reverse("admin:index"))
    assert public_id not in html(operator_b, reverse("admin:index"))
