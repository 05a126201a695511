"""The currency a file gives an account is that of the account kept here, or the block (debtor) or transfer (creditor) is refused."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import Account
from iso20022.models import Message, MessageTransaction
from iso20022.operations import processing
from iso20022.operations.resume import resume_messages
from payments.models import Payment
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import NEXT_DOOR, pain001, payment, transfer
from tests.iso20022.test_receiving import booked, receive, report, values

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


def named_by(account: Account, way: str) -> str:
    """The account's element in a file: by IBAN, by number, or by IBAN in `Othr`."""
    others = {"number": account.number, "iban as other": account.iban}
    return f"<IBAN>{account.iban}</IBAN>" if way == "iban" else f"<Othr><Id>{others[way]}</Id></Othr>"


WAYS = ("iban", "number", "iban as other")


@pytest.mark.parametrize("way", WAYS)
def test_debtor_account_in_another_currency_refuses_its_block(debtor: Account, creditor: Account, way: str) -> None:
    wrong = payment(transfer("E1"), transfer("E2"), account=named_by(debtor, way), account_currency="USD")
    right = payment(transfer("E3"), payment_information_id="P2", account=named_by(debtor, way), account_currency="EUR")

    message = receive(pain001(wrong, right)).message

    assert (message.group_status, message.accepted, message.rejected, booked(creditor)) == ("PART", 1, 2, 10_00)
    (finding,) = message.findings
    assert (finding["tier"], finding["code"], finding["level"]) == (5, "AC09", "payment")
    assert finding["path"] == "/Document/CstmrCdtTrfInitn/PmtInf[1]/DbtrAcct/Ccy"
    assert finding["line"] == 4
    assert "kept in EUR, not in USD" in finding["text"]
    answer = report(message)
    assert (values(answer, "PmtInfSts"), values(answer, "Cd"), values(answer, "OrgnlEndToEndId")) == (["RJCT", "ACSC"], ["AC09"], ["E3"])
    assert "PmtInf[1]/DbtrAcct/Ccy" in "".join(text or "" for text in values(answer, "AddtlInf"))


@pytest.mark.parametrize("way", WAYS)
def test_creditor_account_in_another_currency_refuses_its_transfer(debtor: Account, creditor: Account, way: str) -> None:
    account = named_by(creditor, way)
    block = payment(transfer("E1", account=account, account_currency="USD"), transfer("E2", account=account, account_currency="EUR"))

    message = receive(pain001(block)).message

    assert list(MessageTransaction.objects.order_by("transaction_index").values_list("status", "reason_code")) == [
        ("RJCT", "AC09"),
        ("ACSC", None),
    ]
    (finding,) = message.findings
    assert (finding["code"], finding["level"]) == ("AC09", "transaction")
    assert finding["path"] == "/Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[1]/CdtrAcct/Ccy"
    assert (booked(creditor), Payment.objects.count()) == (10_00, 1)


def test_an_account_that_is_not_ours_is_compared_with_nothing(debtor: Account, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_b):
        make_account("USD", iban=NEXT_DOOR)

    message = receive(pain001(payment(transfer(account=f"<IBAN>{NEXT_DOOR}</IBAN>", account_currency="EUR")))).message

    assert (message.findings, Payment.objects.get().creditor_iban) == ([], NEXT_DOOR)


def test_a_debtor_account_nobody_has_is_unknown_and_not_of_another_currency(creditor: Account) -> None:
    make_payment_type()
    receive(pain001(payment(transfer(), account_currency="USD")))
    assert MessageTransaction.objects.get().reason_code == "AC02"


def test_a_refused_block_stays_refused_where_another_process_goes_on(
    debtor: Account, creditor: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "CHUNK", 1)
    block = payment(transfer("E1"), transfer("E2"), transfer("E3"), account_currency="USD")
    message = receive(pain001(block), seconds=0.0).message
    assert (message.status, message.processed) == ("PROCESSING", 1)
    Message.objects.update(next_attempt_at=Now() - timedelta(seconds=1))

    assert resume_messages() == 2

    message.refresh_from_db()
    assert (message.group_status, message.rejected, booked(creditor)) == ("RJCT", 3, 0)
    assert [finding["code"] for finding in message.findings] == ["AC09"]
    assert values(report(message), "Cd") == ["AC09"]
