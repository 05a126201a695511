"""Why a transfer was refused: each reason, in the order found, in what is stored and in what is only looked at."""

import io

import pytest
from lxml import etree

from accounts.models import Account
from iso20022.answer import preview_of, reasons_of
from iso20022.findings import Finding, Level, Tier
from iso20022.models import MessageTransaction
from iso20022.operations.receiving import validate_pain001
from iso20022.pain002 import write_pain002
from tests.iso20022.builders import pain001, payment, transfer
from tests.iso20022.test_receiving import receive, report, values

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


def test_every_reason_of_a_transfer_is_reported_in_the_order_found(debtor: Account, creditor: Account) -> None:
    bank_in_no_country = "<CdtrAgt><FinInstnId><BICFI>COBAZZFFXXX</BICFI></FinInstnId></CdtrAgt>"
    wrong = transfer("WRONG", amount="0", account="<IBAN>AT611904300234573202</IBAN>", before=bank_in_no_country)
    nobody = transfer("NOBODY", account="<Othr><Id>no-such-number</Id></Othr>")
    strangers = payment(nobody, payment_information_id="P2", account="<Othr><Id>nor-this</Id></Othr>")
    document = pain001(payment(wrong, transfer("ONE", amount="0"), transfer("GOOD")), strangers)

    message = receive(document).message

    told = {
        found.findtext("{*}OrgnlEndToEndId"): [
            (reason.findtext(".//{*}Cd"), "".join(text.text or "" for text in reason.iterfind("{*}AddtlInf")))
            for reason in found.iterfind("{*}StsRsnInf")
        ]
        for found in report(message).iter("{*}TxInfAndSts")
    }
    assert {end_to_end_id: [code for code, _ in reasons] for end_to_end_id, reasons in told.items()} == {
        "WRONG": ["AM01", "AC01", "RC01"],
        "ONE": ["AM01"],
        "GOOD": [],
        "NOBODY": ["AC02", "AC03"],
    }
    assert [place.rpartition("CdtTrfTxInf[1]/")[2] for _, place in told["WRONG"]] == [
        "Amt/InstdAmt",
        "CdtrAcct/Id/IBAN",
        "CdtrAgt/FinInstnId",
    ]
    assert all(len(text or "") <= 105 for text in values(report(message), "AddtlInf"))
    assert MessageTransaction.objects.filter(further_reasons__isnull=False).count() == 2


def test_a_file_that_is_only_looked_at_gets_the_reasons_it_would_get(debtor: Account, creditor: Account) -> None:
    document = pain001(payment(transfer("WRONG", amount="0", account="<IBAN>AT611904300234573202</IBAN>"), transfer("GOOD")))
    preview = etree.fromstring(write_pain002(preview_of(validate_pain001(io.BytesIO(document)))))
    answer = report(receive(document).message)
    assert values(preview, "AddtlInf") == values(answer, "AddtlInf") != []
    assert values(preview, "Cd") == values(answer, "Cd") == ["AM01", "AC01"]


def test_the_first_reasons_are_told_where_there_are_very_many() -> None:
    findings = [
        Finding(tier=Tier.MESSAGE, code="NARR", level=Level.TRANSACTION, path="/Document", line=number, text="") for number in range(1, 30)
    ]
    assert [reason.text.split()[1] for reason in reasons_of(findings)] == [f"{number}," for number in range(1, 21)]
