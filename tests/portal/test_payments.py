"""Payments, their reversal, and messages, as an operator handles them."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from iso20022.models import MessageDocument, MessageTransaction
from payments.models import Payment, Reversal
from payments.operations.submit import submit_payments
from payments.values import Parties, Party
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(in_tenant_a: TenantRecord) -> Payment:
    """10.00 EUR from one account to another, with a fee of 1.00."""
    factories.make_payment_type(processing_fee=Decimal(1))
    debtor, creditor = factories.make_account(funds_minor=10_000), factories.make_account(iban="DE89370400440532013000")
    submit_payments([factories.payment(debtor, creditor, 1_000)])
    return Payment.objects.get()


def _pay_again(paid: Payment, times: int = 1) -> None:
    assert paid.creditor_account_id is not None
    submit_payments([factories.payment(paid.debtor_account_id, paid.creditor_account_id, 2) for _ in range(times)])


def test_payment_page_shows_everything_about_it(operator_a: Client, paid: Payment) -> None:
    page = words(html(operator_a, page_of("payments_payment", paid.pk)))
    for shown in ("COMPLETED", "10.00 EUR", "1.00 EUR", "DE89370400440532013000", "FEE-EUR", paid.public_id, "Nothing of this payment"):
        assert shown in page, shown


def test_payment_page_shows_whom_the_message_names(operator_a: Client, operator_b: Client, paid: Payment) -> None:
    assert paid.creditor_account_id is not None
    assert "Parties as the message" not in words(html(operator_a, page_of("payments_payment", paid.pk)))
    named = Parties(ultimate_debtor=Party(name="Acme Group"), creditor=Party(name="Bob <b>& Co"))
    submit_payments([factories.payment(paid.debtor_account_id, paid.creditor_account_id, 2, parties=named)])
    page = page_of("payments_payment", Payment.objects.get(parties__isnull=False).pk)
    shown = html(operator_a, page)
    assert "Role Name Ultimate debtor Acme Group Creditor Bob" in words(shown)
    assert "Bob &lt;b&gt;&amp; Co" in shown
    assert b"Acme Group" not in operator_b.get(page, follow=True).content


def test_payment_is_found_by_id_reference_end_to_end_id_and_key(operator_a: Client, paid: Payment) -> None:
    assert paid.creditor_account_id is not None
    asked = factories.payment(paid.debtor_account_id, paid.creditor_account_id, 2, reference="INV-1", end_to_end_id="E2E-1")
    submit_payments([asked])
    url = list_of("payments_payment")
    found = Payment.objects.get(reference="INV-1")
    for term in (found.public_id, found.public_id.upper(), "INV-1", "E2E-1"):
        page = html(operator_a, url, q=term)
        assert (str(found.pk) in page, str(paid.pk) in page) == (True, False), term
    assert str(found.pk) not in html(operator_a, url, q="INV")


def test_payment_is_found_by_uetr_and_by_the_iban_of_either_party(
    operator_a: Client, operator_b: Client, paid: Payment, tenant_b: TenantRecord
) -> None:
    debtor = factories.make_account(funds_minor=10_000, iban="GB82WEST12345698765432")
    submit_payments([factories.payment(debtor, paid.debtor_account_id, 5)])
    other = Payment.objects.exclude(pk=paid.pk).get()
    url = list_of("payments_payment")
    for term in (str(paid.uetr), str(paid.uetr).upper(), "DE89370400440532013000", "DE89 3704 0044 0532 0130 00"):
        page = html(operator_a, url, q=term)
        assert (str(paid.pk) in page, str(other.pk) in page) == (True, False), term
    page = html(operator_a, url, q="GB82WEST12345698765432")
    assert (str(paid.pk) in page, str(other.pk) in page) == (False, True)
    assert str(paid.pk) not in html(operator_b, url, q=str(paid.uetr))


def test_payments_are_filtered_by_status_and_type(operator_a: Client, paid: Payment) -> None:
    url = list_of("payments_payment")
    assert str(paid.pk) in html(operator_a, url, status__exact="COMPLETED", payment_type="INTERNAL_TRANSFER")
    assert str(paid.pk) not in html(operator_a, url, status__exact="REJECTED")


def test_payment_list_reads_the_accounts_of_a_page_at_once(
    operator_a: Client, paid: Payment, django_assert_max_num_queries: object
) -> None:
    _pay_again(paid, 20)
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        html(operator_a, list_of("payments_payment"))


def test_partial_and_full_reversal(operator_a: Client, paid: Payment) -> None:
    url = page_of("payments_payment", paid.pk, "reverse")
    answer = send(operator_a, url, amount="4.00", reason="Goodwill")
    assert "4.00 EUR reversed." in answer.content.decode()
    assert url in answer.content.decode()
    answer = send(operator_a, url, amount="", reason="All of it")
    paid.refresh_from_db()
    assert (paid.status, paid.reversed_minor) == ("REVERSED", 1_000)
    assert [(r.amount_minor, r.reason, r.created_by) for r in Reversal.objects.order_by("id")] == [
        (400, "Goodwill", "alpha-bank-operator"),
        (600, "All of it", "alpha-bank-operator"),
    ]
    page = words(answer.content.decode())
    assert "Goodwill" in page
    assert "Journal of reversal 2" in page
    assert url not in answer.content.decode(), "nothing is left to reverse"


@pytest.mark.parametrize("amount", ["10.01", "0", "-1", "1.001", "x"])
def test_reversal_of_a_bad_amount_is_refused_at_the_field(operator_a: Client, paid: Payment, amount: str) -> None:
    answer = send(operator_a, page_of("payments_payment", paid.pk, "reverse"), amount=amount, reason="x")
    assert list(answer.context["form"].errors) == ["amount"]
    assert not Reversal.objects.exists()


def test_a_reversal_sent_twice_is_made_once(operator_a: Client, paid: Payment) -> None:
    url = page_of("payments_payment", paid.pk, "reverse")
    values = {"amount": "1.00", "reason": "x", "reversed_before_minor": "0"}
    assert operator_a.post(url, values).status_code == 302
    assert "since you looked at it" in operator_a.post(url, values).content.decode()
    assert Reversal.objects.count() == 1


def test_reversal_without_a_reason_is_refused(operator_a: Client, paid: Payment) -> None:
    answer = send(operator_a, page_of("payments_payment", paid.pk, "reverse"), amount="", reason="")
    assert list(answer.context["form"].errors) == ["reason"]


def test_payments_are_neither_added_nor_edited_nor_deleted(operator_a: Client, paid: Payment) -> None:
    assert operator_a.get(reverse("admin:payments_payment_add")).status_code == 403
    assert operator_a.post(page_of("payments_payment", paid.pk), {"amount_minor": "1"}).status_code == 403
    assert operator_a.post(page_of("payments_payment", paid.pk, "delete"), {"post": "yes"}).status_code == 403


def test_message_page_and_its_document(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    finding = {"tier": 2, "code": "FF01", "level": "group", "path": "/Document", "line": 3, "text": "<b>not</b> so"}
    message = factories.make_message(size_bytes=11, status="REJECTED", findings=[finding])
    MessageDocument.objects.create(message=message, sequence=0, content=b"<Document/>")
    page = html(operator_a, page_of("iso20022_message", message.pk))
    assert "FF01" in page
    assert "MsgId MSG-1 " in words(page)
    assert "MSG-1" in html(operator_a, list_of("iso20022_message"), q="MSG-1")
    assert "<b>not</b>" not in page
    document = operator_a.get(reverse("admin:iso20022_message_document", args=[message.pk]))
    assert b"".join(document.streaming_content) == b"<Document/>"  # type: ignore[attr-defined]
    assert document["Content-Disposition"].startswith("attachment")


def test_message_page_tells_every_reason_of_a_transaction(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    message = factories.make_message(total=1)
    MessageTransaction.objects.create(
        message_id=message.id,
        payment_index=0,
        transaction_index=0,
        payment_information_id="P",
        end_to_end_id="E",
        status="RJCT",
        reason_code="AM01",
        reason="Zero. Line 1, /Document/Amt",
        further_reasons=[{"code": "AC01", "text": "<b>Wrong</b>"}],
    )
    page = html(operator_a, page_of("iso20022_message", message.pk))
    assert "AM01: Zero. Line 1, /<wbr>Document/<wbr>Amt<br>AC01: &lt;b&gt;Wrong&lt;/<wbr>b&gt;" in page
