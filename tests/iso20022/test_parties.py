"""Whom a file names: kept with the payment, told by the API, and told to both sides by camt.053."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from lxml import etree

from accounts.models import Account
from accounts.queries.statements import statement
from iso20022 import camt053
from iso20022.queries.statements import camt053_of
from payments.models import Payment
from payments.operations.reverse import reverse_payment
from payments.operations.send_out import send_out_payments
from payments.operations.submit import submit_payments
from tenants.registry import TenantRecord
from tests import factories
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, NEXT_DOOR, pain001, payment, transfer
from tests.iso20022.test_receiving import receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
GROUP = "<UltmtDbtr><Nm>Acme &amp; Sons Group</Nm></UltmtDbtr>"
SUBSIDIARY = "<UltmtDbtr><Nm>Acme Subsidiary</Nm></UltmtDbtr>"
FAMILY = "<UltmtCdtr><Nm>Bob's Family</Nm></UltmtCdtr>"


def related_parties(account: Account, version: str) -> list[list[tuple[str, str | None]]]:
    """Of each entry of today's payments: role and name, or account, in the order of the message."""
    document = etree.fromstring(camt053_of(account.id, datetime.now(UTC).date(), version=version))
    return [
        [(etree.QName(party).localname, party.findtext(".//{*}Nm") or party.findtext(".//{*}IBAN")) for party in related]
        for related in document.iter("{*}RltdPties")
        if related.find("{*}CdtrAcct//{*}IBAN") is not None or related.find("{*}DbtrAcct//{*}IBAN") is not None
    ]


def test_parties_are_kept_as_the_file_names_them(debtor: Account, creditor: Account) -> None:
    transfers = (transfer("BLOCK", name="Bob"), transfer("OWN", name=" Carol\n", before=SUBSIDIARY, after=FAMILY))

    receive(pain001(payment(GROUP, *transfers)))

    assert {paid.end_to_end_id: paid.parties for paid in Payment.objects.all()} == {
        "BLOCK": {"debtor": {"name": "Acme"}, "ultimateDebtor": {"name": "Acme & Sons Group"}, "creditor": {"name": "Bob"}},
        "OWN": {
            "debtor": {"name": "Acme"},
            "ultimateDebtor": {"name": "Acme Subsidiary"},
            "creditor": {"name": "Carol"},
            "ultimateCreditor": {"name": "Bob's Family"},
        },
    }


def test_an_ultimate_debtor_of_one_block_is_not_that_of_the_next(debtor: Account, creditor: Account) -> None:
    receive(pain001(payment(GROUP, transfer("E1")), payment(transfer("E2"), payment_information_id="P2")))
    assert Payment.objects.filter(parties__ultimateDebtor__isnull=False).values_list("end_to_end_id", flat=True).get() == "E1"


def test_who_is_named_by_spaces_or_nothing_is_not_kept(debtor: Account, creditor: Account) -> None:
    document = pain001(payment("<UltmtDbtr/>", transfer(name=" "))).replace(b"<Dbtr><Nm>Acme</Nm></Dbtr>", b"<Dbtr/>")
    receive(document)
    assert (Payment.objects.get().status, Payment.objects.get().parties) == ("COMPLETED", None)


def test_parties_of_a_refused_payment_are_kept_too(debtor: Account, creditor: Account) -> None:
    receive(pain001(payment(transfer(amount="500.00", after=FAMILY))))
    refused = Payment.objects.get()
    assert (refused.status, (refused.parties or {})["ultimateCreditor"]) == ("REJECTED", {"name": "Bob's Family"})


def test_parties_are_told_by_the_api_and_to_its_tenant_alone(
    debtor: Account, creditor: Account, tenant_a: TenantRecord, tenant_b: TenantRecord
) -> None:
    receive(pain001(payment(transfer(after=FAMILY))))
    api, path = Api(tenant_a), f"/transactions/{Payment.objects.get().public_id}"

    assert api.get(path).json()["parties"] == {
        "debtor": {"name": "Acme"},
        "creditor": {"name": "Bob"},
        "ultimateCreditor": {"name": "Bob's Family"},
    }
    assert Api(tenant_b).get(path).status_code == 404


def test_a_payment_of_no_message_names_no_parties(debtor: Account, creditor: Account, tenant_a: TenantRecord) -> None:
    submit_payments([factories.payment(debtor, creditor)])
    paid = Payment.objects.get()
    assert paid.parties is None
    assert "parties" not in Api(tenant_a).get(f"/transactions/{paid.public_id}").json()


@pytest.mark.parametrize("version", camt053.VERSIONS)
def test_both_statements_tell_the_ultimate_parties_and_registered_names(debtor: Account, creditor: Account, version: str) -> None:
    receive(pain001(payment(transfer(name="Somebody else", before=SUBSIDIARY, after=FAMILY))))

    assert related_parties(debtor, version) == [
        [("UltmtDbtr", "Acme Subsidiary"), ("Cdtr", "Ada Lovelace"), ("CdtrAcct", CREDITOR_IBAN), ("UltmtCdtr", "Bob's Family")]
    ]
    assert related_parties(creditor, version) == [
        [("Dbtr", "Ada Lovelace"), ("DbtrAcct", DEBTOR_IBAN), ("UltmtDbtr", "Acme Subsidiary"), ("UltmtCdtr", "Bob's Family")]
    ]


@pytest.mark.parametrize("version", camt053.VERSIONS)
def test_a_reversal_keeps_the_ultimate_parties_of_the_payment(debtor: Account, creditor: Account, version: str) -> None:
    receive(pain001(payment(transfer(before=SUBSIDIARY, after=FAMILY))))
    reverse_payment(payment_id=Payment.objects.get().id, amount_minor=None, reason="by mistake", created_by="us")

    for account in (debtor, creditor):
        paid, given_back = related_parties(account, version)
        assert given_back == paid


@pytest.mark.parametrize("version", camt053.VERSIONS)
def test_creditor_at_another_bank_has_the_name_the_file_gives(debtor: Account, version: str) -> None:
    receive(pain001(payment(transfer(account=f"<IBAN>{NEXT_DOOR}</IBAN>", after=FAMILY))))
    Payment.objects.update(next_attempt_at=Now() - timedelta(seconds=1))
    assert send_out_payments() == 1

    assert related_parties(debtor, version) == [[("Cdtr", "Bob"), ("CdtrAcct", NEXT_DOOR), ("UltmtCdtr", "Bob's Family")]]
    assert statement(debtor.id, datetime.now(UTC).date()).entries[-1].counterparty_name == "Bob"


def test_what_a_payment_costs_is_nobodys_on_behalf(creditor: Account) -> None:
    make_payment_type(processing_fee="1.00")
    debtor = make_account(iban=DEBTOR_IBAN, funds_minor=100_00)
    receive(pain001(payment(transfer(before=SUBSIDIARY))))

    document = etree.fromstring(camt053_of(debtor.id, datetime.now(UTC).date(), version="camt.053.001.08"))
    entries = {entry.findtext("{*}Amt"): entry.find(".//{*}UltmtDbtr") is not None for entry in document.iter("{*}Ntry")}
    assert entries == {"100.00": False, "10.00": True, "1.00": False}


def test_parties_of_a_file_of_2009(debtor: Account, creditor: Account) -> None:
    block = payment(GROUP, transfer(after=FAMILY), requested="").replace(
        "<ReqdExctnDt></ReqdExctnDt>", "<ReqdExctnDt>2026-11-21</ReqdExctnDt>"
    )
    receive(pain001(block.replace("BICFI", "BIC"), version="03"))
    parties = Payment.objects.get().parties or {}
    assert {role: party["name"] for role, party in parties.items()} == {
        "debtor": "Acme",
        "ultimateDebtor": "Acme & Sons Group",
        "creditor": "Bob",
        "ultimateCreditor": "Bob's Family",
    }
