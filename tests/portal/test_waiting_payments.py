"""Payments that wait, as operators meet them: who may let them go on, what is said before and after, and the lists of them."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Hold
from payments.models import Payment, PaymentApproval, RailAttempt
from payments.operations.carry_out import carry_out_payments
from payments.operations.send_out import send_out_payments
from payments.operations.submit import submit_payments
from tenants import registry
from tenants.context import POOL_SCHEMA, tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db
NEXT_DOOR = "GB33BUKB20201555555555"
OWN = "You asked for this payment, so another person must approve it."
WAITING, UNDER_WAY = "/admin/payments/payment/waiting/", "/admin/payments/payment/under-way/"
DECISIONS = ("approve", "reject", "cancel")


def ask_for(
    payment_type: str,
    amount_minor: int = 2_000,
    *,
    by: str = "shop",
    to: Account | str = "",
    debtor: Account | None = None,
    script: str = "",
    reference: str | None = None,
    remittance_information: str | None = None,
) -> Payment:
    """A payment that somebody asked for by the API; between accounts kept here unless it goes `to` an IBAN."""
    debtor = debtor or factories.make_account(funds_minor=5_000)
    metadata = {"simulator": script} if script else {}
    order = factories.payment(debtor, to or factories.make_account(), amount_minor, payment_type=payment_type, metadata=metadata)
    words_of_it = {"created_by": by, "reference": reference, "remittance_information": remittance_information}
    [outcome] = submit_payments([msgspec.structs.replace(order, **words_of_it)])
    assert outcome.payment is not None, outcome.refusal
    return Payment.objects.get(id=outcome.payment.id)


def url(payment: Payment, button: str | None = None) -> str:
    return page_of("payments_payment", payment.pk, button)


def buttons(client: Client, payment: Payment) -> set[str]:
    page = html(client, url(payment))
    return {button for button in (*DECISIONS, "reverse") if url(payment, button) in page}


def status(payment: Payment) -> str:
    payment.refresh_from_db()
    return payment.status


@pytest.fixture
def large(in_tenant_a: TenantRecord) -> None:
    """From 20.00 on somebody else has to approve."""
    factories.make_payment_type("LARGE", approval_threshold=Decimal(20), processing_fee=Decimal(1))


@pytest.fixture
def out(in_tenant_a: TenantRecord) -> None:
    factories.make_payment_type("OUT", rail="simulator", is_synchronous=False, processing_fee=Decimal(1))


@pytest.mark.usefixtures("large")
class TestApproving:
    def test_it_is_found_looked_at_and_approved(self, operator_a: Client) -> None:
        payment = ask_for("LARGE")
        listed = html(operator_a, WAITING)
        for shown in ("20.00 EUR", "shop", "LARGE"):
            assert shown in words(listed), shown
        assert url(payment, "approve") in listed
        assert buttons(operator_a, payment) == {"approve", "reject", "cancel"}
        question = words(html(operator_a, url(payment, "approve")))
        for shown in ("It is booked at once: 21.00 EUR leave the debtor account.", "Available there 50.00 EUR", "Asked by shop"):
            assert shown in question, shown
        assert status(payment) == "PENDING_APPROVAL", "looking at the question decides nothing"
        answer = send(operator_a, url(payment, "approve"), reason="Invoice checked")
        assert "Payment approved and booked." in answer.content.decode()
        assert status(payment) == "COMPLETED"
        page = words(html(operator_a, url(payment)))
        assert "Approved shop" in page
        assert "alpha-bank-operator" in page
        assert "Invoice checked" in page
        assert "Captured" in page
        assert buttons(operator_a, payment) == {"reverse"}
        assert LogEntry.objects.get().change_message == "Payment approved and booked."
        assert "Nothing waits." in html(operator_a, WAITING)

    @pytest.mark.parametrize("button", DECISIONS)
    def test_the_question_shows_all_that_is_decided_about(self, operator_a: Client, button: str) -> None:
        debtor, creditor = factories.make_account(funds_minor=5_000, name="Ada"), factories.make_account(name="Bob & Co")
        payment = ask_for("LARGE", debtor=debtor, to=creditor, reference="INV-7", remittance_information="Two chairs")
        question = words(html(operator_a, url(payment, button)))
        for shown in (
            "Payment type LARGE, version 1",
            "Amount 20.00 EUR",
            "Fee 1.00 EUR",
            f"Debtor {debtor.number} Ada Lovelace, Ada",
            f"Creditor {creditor.number} Ada Lovelace, Bob &amp; Co",
            "Reference INV-7",
            "Remittance information Two chairs",
            "Asked by shop",
        ):
            assert shown in question, shown

    @pytest.mark.parametrize("name", ["alpha-bank-operator", "Alpha-Bank-Operator "])
    def test_nobody_approves_their_own(self, operator_a: Client, name: str) -> None:
        payment = ask_for("LARGE", by=name)
        assert buttons(operator_a, payment) == {"reject", "cancel"}
        assert OWN in words(html(operator_a, url(payment)))
        listed = html(operator_a, WAITING)
        assert {button for button in DECISIONS if url(payment, button) in listed} == {"reject", "cancel"}, "as on its page"
        assert "Asked by you." in listed
        question = html(operator_a, url(payment, "approve"))
        assert OWN in words(question)
        assert 'type="submit"' not in question.partition("portal-operation")[2].partition("</form>")[0]
        answer = operator_a.post(url(payment, "approve"), {"reason": "I say so"})
        assert (answer.status_code, PaymentApproval.objects.get().status) == (403, "PENDING")
        assert "approved by another person than the one who asked for it" in answer.content.decode()
        assert status(payment) == "PENDING_APPROVAL"

    def test_what_can_not_be_paid_now_goes_on_waiting_and_the_form_says_why(self, operator_a: Client) -> None:
        debtor = factories.make_account(funds_minor=5_000)
        first, second = (ask_for("LARGE", 3_000, debtor=debtor) for _ in range(2))
        send(operator_a, url(first, "approve"))
        answer = send(operator_a, url(second, "approve"))
        assert "not enough available funds" in answer.content.decode()
        assert (status(first), status(second)) == ("COMPLETED", "PENDING_APPROVAL")

    def test_a_form_sent_twice_approves_once(self, operator_a: Client) -> None:
        payment = ask_for("LARGE")
        assert operator_a.post(url(payment, "approve")).status_code == 302
        assert "waits for no approval" in operator_a.post(url(payment, "approve")).content.decode()
        assert PaymentApproval.objects.get().decided_by == "alpha-bank-operator"

    def test_the_question_says_where_it_goes(self, operator_a: Client) -> None:
        factories.make_payment_type("LATER", approval_threshold=Decimal(1), is_synchronous=False)
        factories.make_payment_type("OUT", approval_threshold=Decimal(1), rail="simulator", is_synchronous=False)
        later, away = ask_for("LATER"), ask_for("OUT", to=NEXT_DOOR)
        assert "20.00 EUR are set aside, and a worker books the payment" in html(operator_a, url(later, "approve"))
        assert "20.00 EUR are set aside, and the payment leaves the bank over Simulator." in html(operator_a, url(away, "approve"))
        answer = send(operator_a, url(away, "approve"))
        assert "its money is set aside, and it leaves the bank over Simulator." in answer.content.decode()
        assert buttons(operator_a, away) == {"cancel"}


@pytest.mark.usefixtures("large")
class TestCallingOff:
    def test_rejected_with_a_reason(self, operator_a: Client) -> None:
        payment = ask_for("LARGE")
        assert list(send(operator_a, url(payment, "reject"), reason="").context["form"].errors) == ["reason"]
        send(operator_a, url(payment, "reject"), reason="No invoice")
        assert (status(payment), payment.reason) == ("REJECTED", "No invoice")
        page = words(html(operator_a, url(payment)))
        assert "Refused" in page
        assert "No invoice" in page
        assert buttons(operator_a, payment) == set()

    def test_cancelled_while_it_waits_for_approval(self, operator_a: Client) -> None:
        payment = ask_for("LARGE", by="alpha-bank-operator")
        assert "No money was set aside for it." in html(operator_a, url(payment, "cancel"))
        send(operator_a, url(payment, "cancel"), reason="A mistake")
        assert (status(payment), PaymentApproval.objects.get().status) == ("CANCELLED", "WITHDRAWN")

    def test_cancelled_while_its_money_is_set_aside(self, operator_a: Client, out: None) -> None:
        payment = ask_for("OUT", to=NEXT_DOOR)
        assert buttons(operator_a, payment) == {"cancel"}
        assert "what was set aside is available again" in html(operator_a, url(payment, "cancel"))
        send(operator_a, url(payment, "cancel"), reason="Paid by card")
        assert (status(payment), Hold.objects.get().status) == ("CANCELLED", "RELEASED")
        assert "Released" in html(operator_a, url(payment))

    def test_too_late_is_said_in_the_form(self, operator_a: Client) -> None:
        payment = ask_for("LARGE", 100)
        answer = operator_a.post(url(payment, "cancel"), {"reason": "late"})
        assert "only one that waits can be cancelled" in answer.content.decode()


@pytest.mark.usefixtures("out")
class TestUnderWay:
    def test_the_page_shows_hold_rail_and_every_attempt(self, operator_a: Client) -> None:
        payment = ask_for("OUT", to=NEXT_DOOR)
        before = words(html(operator_a, url(payment)))
        for shown in (NEXT_DOOR, "Carried by Simulator", "Active", "21.00 EUR", "No rail was told of this payment yet."):
            assert shown in before, shown
        send_out_payments()
        after = words(html(operator_a, url(payment)))
        for shown in ("Captured", "Attempts", "Accepted"):
            assert shown in after, shown
        assert buttons(operator_a, payment) == set(), "what left the bank is not reversed here"
        assert NEXT_DOOR in html(operator_a, list_of("payments_payment"))
        assert NEXT_DOOR in html(operator_a, reverse("admin:index"))

    def test_what_its_rail_left_without_an_answer_is_marked(self, operator_a: Client) -> None:
        answered, lost = ask_for("OUT", to=NEXT_DOOR, script="unavailable"), ask_for("OUT", to=NEXT_DOOR, script="lost")
        send_out_payments()
        assert RailAttempt.objects.get(payment=lost).status == "UNKNOWN"
        everything = html(operator_a, UNDER_WAY)
        assert (url(lost) in everything, url(answered) in everything) == (True, True)
        assert ("No answer" in everything, "Unavailable" in everything) == (True, True)
        only = html(operator_a, UNDER_WAY, only="unanswered")
        assert (url(lost) in only, url(answered) in only) == (True, False)
        assert "It is asked again at" in html(operator_a, url(lost))
        assert "It is asked again at" not in html(operator_a, url(answered))
        card = words(html(operator_a, reverse("admin:index")))
        assert "Under way 2" in card
        assert "Under way, and the rail left no answer 1" in card

    def test_nothing_is_under_way(self, operator_a: Client) -> None:
        assert "Nothing is under way." in html(operator_a, UNDER_WAY)
        assert "Every rail has answered." in html(operator_a, UNDER_WAY, only="unanswered")

    def test_the_page_of_the_account_shows_what_is_held(self, operator_a: Client) -> None:
        payment = ask_for("OUT", to=NEXT_DOOR)
        page = html(operator_a, page_of("accounts_account", payment.debtor_account_id))
        assert url(payment) in page
        assert "Held now" in page
        send_out_payments()
        page = html(operator_a, page_of("accounts_account", payment.debtor_account_id))
        assert "Nothing is set aside on this account." in page


@pytest.mark.usefixtures("large")
class TestFindingThem:
    def test_dashboard_and_sidebar_say_how_many(self, operator_a: Client) -> None:
        index = html(operator_a, reverse("admin:index"))
        assert "Nothing waits: no payment needs an approval" in index
        assert "portal-count" not in index
        for _ in range(2):
            ask_for("LARGE")
        index = html(operator_a, reverse("admin:index"))
        assert "Waiting for approval 2" in words(index)
        assert 'class="portal-count' in html(operator_a, list_of("accounts_account"))

    def test_lists_are_paged_and_count_nothing(self, operator_a: Client, django_assert_max_num_queries: Any) -> None:
        debtor, creditor = factories.make_account(funds_minor=500_000), factories.make_account()
        factories.make_payment_type("LATER", is_synchronous=False)
        for code in ("LARGE", "LATER"):
            submit_payments([factories.payment(debtor, creditor, 2_000, payment_type=code) for _ in range(51)])
        for page in (WAITING, UNDER_WAY):
            with django_assert_max_num_queries(14) as queries:
                first = html(operator_a, page)
            assert not [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"].upper()], page
            second = html(operator_a, page, p="2")
            assert (first.count("pay_"), second.count("pay_")) == (100, 2), page  # each id in full and in short
            assert "p=2" in first
        assert carry_out_payments() == 51

    def test_who_has_waited_longest_comes_first(self, operator_a: Client) -> None:
        first, second = ask_for("LARGE"), ask_for("LARGE")
        page = html(operator_a, WAITING)
        assert page.index(str(first.pk)) < page.index(str(second.pk))


@pytest.mark.usefixtures("large")
class TestWhoseTheyAre:
    def test_the_neighbour_sees_and_decides_nothing(self, operator_b: Client) -> None:
        payment = ask_for("LARGE")
        for page in (WAITING, UNDER_WAY, reverse("admin:index"), list_of("payments_payment")):
            shown = html(operator_b, page)
            assert str(payment.pk) not in shown, page
            assert "portal-count" not in shown, page
        for button in DECISIONS:
            assert operator_b.get(url(payment, button)).status_code == 404, button
            assert operator_b.post(url(payment, button), {"reason": "theft"}).status_code == 404, button
        assert status(payment) == "PENDING_APPROVAL"

    def test_a_suspended_tenants_people_look_and_are_offered_nothing(self, operator_a: Client) -> None:
        payment = ask_for("LARGE")
        Tenant.objects.filter(slug="alpha-bank").update(status="SUSPENDED")
        registry.forget()
        assert buttons(operator_a, payment) == set()
        listed = html(operator_a, WAITING)
        assert "This tenant is suspended." in listed
        assert url(payment) in listed
        for button in DECISIONS:
            assert url(payment, button) not in listed, button
            assert operator_a.get(url(payment, button)).status_code == 403, button
            assert operator_a.post(url(payment, button), {"reason": "x"}).status_code == 403, button
        assert status(payment) == "PENDING_APPROVAL"

    def test_nobody_who_is_not_signed_in_sees_anything(self) -> None:
        for page in (WAITING, UNDER_WAY):
            assert Client().get(page).status_code == 302


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_the_platform_looks_across_tenants_and_decides_for_the_one_it_chose(
    platform: Client, tenant_a: TenantRecord, tenant_b: TenantRecord
) -> None:
    payments = []
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            factories.make_payment_type("LARGE", approval_threshold=Decimal(1))
            factories.make_payment_type("OUT", rail="simulator", is_synchronous=False)
            ask_for("OUT", to=NEXT_DOOR)
            payments.append(ask_for("LARGE"))
    for page in (WAITING, UNDER_WAY):
        shown = words(html(platform, page))
        assert "All tenants, read only." in shown
        assert ("alpha-bank" in shown, "beta-bank" in shown) == (tenant_a.schema == POOL_SCHEMA, True)
    assert url(payments[1], "approve") not in html(platform, WAITING)
    assert platform.post(url(payments[1], "approve")).status_code == 403
    platform.post(reverse("admin:tenants_tenant_act"), {"tenant": "beta-bank"})
    assert url(payments[0]) not in html(platform, WAITING)
    send(platform, url(payments[1], "approve"))
    with tenant_scope(tenant_b):
        assert status(payments[1]) == "COMPLETED"
        assert PaymentApproval.objects.get().decided_by_person == "platform"
    assert platform.post(url(payments[0], "approve")).status_code == 404
