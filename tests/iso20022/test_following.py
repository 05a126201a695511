"""A file whose payments wait: reported on at once, and once more when all of them are final."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from accounts.models import Account
from config_mgmt.values import Actor
from iso20022.models import Message
from iso20022.operations.following import follow_payments
from iso20022.operations.resume import resume_messages
from payments.models import Payment
from payments.operations.approvals import approve_payment, reject_payment
from payments.operations.carry_out import carry_out_payments
from payments.operations.send_out import send_out_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer
from tests.iso20022.test_receiving import booked, receive, report, values

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
BOSS = Actor(name="boss-client", person="boss")
NEXT_DOOR = "GB33BUKB20201555555555"


@pytest.fixture
def debtor() -> Account:
    make_payment_type(is_synchronous=False, approval_threshold=Decimal(50), rail_fallbacks=["simulator"])
    return make_account(iban=DEBTOR_IBAN, funds_minor=500_00)


@pytest.fixture
def creditor() -> Account:
    return make_account(iban=CREDITOR_IBAN)


def look() -> int:
    Message.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=Now() - timedelta(seconds=1))
    return follow_payments()


def test_a_file_that_is_carried_out_later_is_reported_on_twice(debtor: Account, creditor: Account, tenant_b: TenantRecord) -> None:
    there = transfer("E2", account=f"<IBAN>{NEXT_DOOR}</IBAN>")
    message = receive(pain001(payment(transfer("E1"), there))).message
    assert (message.status, message.group_status, message.accepted) == ("COMPLETED", "ACCP", 2)
    assert values(report(message), "TxSts") == ["ACFC", "ACFC"]
    assert (look(), resume_messages()) == (0, 0)
    with tenant_scope(tenant_b):
        assert look() == 0
    assert (carry_out_payments(), send_out_payments()) == (1, 1)
    assert (look(), look()) == (1, 0)
    message.refresh_from_db()
    assert (message.group_status, message.next_attempt_at, Message.objects.filter(answers=message).count()) == ("ACSC", None, 2)
    assert values(report(message), "TxSts") == ["ACSC", "ACSC"]
    assert (booked(debtor), booked(creditor)) == (480_00, 10_00)


def test_what_is_refused_later_is_told_with_its_reason(debtor: Account, creditor: Account) -> None:
    transfers = [transfer("E1", amount="60.00"), transfer("E2", amount="70.00"), transfer("E3")]
    message = receive(pain001(payment(*transfers))).message
    assert (message.group_status, values(report(message), "TxSts")) == ("PDNG", ["PATC", "PATC", "ACFC"])
    first, second = Payment.objects.filter(status="PENDING_APPROVAL").order_by("amount_minor")
    approve_payment(payment_id=first.id, actor=BOSS)
    Account.objects.filter(id=creditor.id).update(status="FROZEN")
    assert carry_out_payments() == 2
    assert look() == 0
    message.refresh_from_db()
    assert (message.accepted, message.rejected) == (1, 2)
    reject_payment(payment_id=second.id, actor=BOSS, reason="no invoice")
    assert look() == 1
    message.refresh_from_db()
    assert (message.group_status, message.accepted, message.rejected) == ("RJCT", 0, 3)
    told = report(message)
    assert values(told, "TxSts") == ["RJCT", "RJCT", "RJCT"]
    assert values(told, "Cd") == ["AC06", "NARR", "AC06"]
    assert "no invoice" in values(told, "AddtlInf")


def test_a_file_that_is_booked_at_once_is_not_looked_at_again(creditor: Account) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=500_00)
    assert receive(pain001()).message.next_attempt_at is None
