"""A pain.001 becomes booked payments, a report and statements; once, whatever happens in between."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from accounts.models import Account
from accounts.operations.accounts import freeze_account
from iso20022.errors import EmittedMessageInvalid, MalformedXml
from iso20022.models import Message, MessageDocument, MessageTransaction
from iso20022.operations import processing
from iso20022.operations.booking import book_chunk
from iso20022.operations.documents import PIECE_BYTES, keep_document
from iso20022.operations.receiving import Receipt, receive_pain001
from iso20022.operations.resume import resume_message, resume_messages
from iso20022.queries.documents import document_pieces
from iso20022.queries.messages import report_of
from iso20022.queries.statements import camt053_of
from payment_engine.clock import now
from payments.models import Payment
from payments.queries.verify import verify_tenant
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_customer, make_message, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
OTHER_IBAN = "NL91ABNA0417164300"


@pytest.fixture
def debtor() -> Account:
    make_payment_type()
    make_payment_type("DEMO_TRANSFER", processing_fee="1.00", max_amount="50000")
    return make_account(iban=DEBTOR_IBAN, funds_minor=100_00)


def receive(document: bytes, **options: Any) -> Receipt:
    return receive_pain001(io.BytesIO(document), created_by="client", correlation_id="c-1", **options)


def booked(account: Account) -> int:
    account.refresh_from_db()
    return account.booked_minor


def report(message: Message) -> etree._Element:
    return etree.fromstring(b"".join(document_pieces(report_of(message))))


def values(root: etree._Element, name: str) -> list[str | None]:
    return [found.text for found in root.iter(f"{{*}}{name}")]


def test_file_is_booked_reported_and_kept(debtor: Account, creditor: Account, tenant_b: TenantRecord) -> None:
    document = pain001(payment(transfer("E1"), transfer("E2", amount="5.50")))

    message = receive(document).message

    assert (message.status, message.group_status, message.processed, message.accepted, message.rejected) == ("COMPLETED", "ACSC", 2, 2, 0)
    assert (booked(debtor), booked(creditor)) == (84_50, 15_50)
    assert b"".join(document_pieces(message)) == document
    assert [p.message_id for p in Payment.objects.all()] == [message.id] * 2
    answer = report(message)
    assert etree.QName(answer).namespace == "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
    assert values(answer, "GrpSts") == ["ACSC"]
    assert values(answer, "OrgnlMsgId") == ["M1"]
    assert values(answer, "OrgnlEndToEndId") == ["E1", "E2"]
    assert values(answer, "TxSts") == ["ACSC", "ACSC"]
    assert set(values(answer, "AcctSvcrRef")) == {p.id.hex for p in Payment.objects.all()}
    with tenant_scope(tenant_b):
        assert Message.objects.count() == MessageDocument.objects.count() == MessageTransaction.objects.count() == 0


def test_a_long_document_is_kept_whole(tenant_b: TenantRecord) -> None:
    message = make_message()
    document = b"".join(bytes([number]) * PIECE_BYTES for number in range(19)) + b"end"
    keep_document(message, io.BytesIO(document))
    assert hashlib.sha256(b"".join(document_pieces(message))).digest() == hashlib.sha256(document).digest()
    with tenant_scope(tenant_b):
        assert list(document_pieces(message)) == []


def test_what_can_not_be_booked_is_refused_one_by_one(debtor: Account, creditor: Account) -> None:
    block = payment(
        transfer("OK"),
        transfer("POOR", amount="95.00"),
        transfer("NOBODY", account=f"<IBAN>{OTHER_IBAN}</IBAN>"),
        transfer("NUMBER", account="<Othr><Id>no-such-number</Id></Othr>"),
        transfer("CURRENCY", currency="USD"),
        transfer("SELF", account=f"<IBAN>{DEBTOR_IBAN}</IBAN>"),
        transfer("ZERO", amount="0"),
    )

    message = receive(pain001(block)).message

    assert (message.status, message.group_status, message.accepted, message.rejected) == ("COMPLETED", "PART", 1, 6)
    rows = MessageTransaction.objects.order_by("transaction_index").values_list("end_to_end_id", "status", "reason_code")
    assert list(rows) == [
        ("OK", "ACSC", None),
        ("POOR", "RJCT", "AM04"),
        ("NOBODY", "RJCT", "AC03"),
        ("NUMBER", "RJCT", "AC03"),
        ("CURRENCY", "RJCT", "AM03"),
        ("SELF", "RJCT", "AC03"),
        ("ZERO", "RJCT", "AM01"),
    ]
    assert {finding["tier"] for finding in message.findings} == {3, 5}
    account_finding = next(finding for finding in message.findings if finding["code"] == "AM04")
    assert account_finding["path"] == "/Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[2]"
    assert account_finding["line"] > 1
    answer = report(message)
    assert values(answer, "TxSts") == ["ACSC", *["RJCT"] * 6]
    assert (booked(debtor), booked(creditor)) == (90_00, 10_00)


def test_frozen_and_unknown_debtors(debtor: Account, creditor: Account) -> None:
    freeze_account(account_id=debtor.id)
    unknown = payment(transfer("E2"), payment_information_id="P2", account=f"<IBAN>{OTHER_IBAN}</IBAN>")

    message = receive(pain001(payment(transfer("E1")), unknown)).message

    assert (message.status, message.group_status) == ("REJECTED", "RJCT")
    assert list(MessageTransaction.objects.order_by("payment_index").values_list("reason_code", flat=True)) == ["AC06", "AC02"]


def test_accounts_may_be_named_by_number_and_by_our_own_id(debtor: Account, creditor: Account) -> None:
    block = payment(
        transfer("BY-NUMBER", account=f"<Othr><Id>{creditor.number}</Id></Othr>"),
        transfer("IBAN-AS-OTHER", account=f"<Othr><Id>{CREDITOR_IBAN}</Id></Othr>"),
        account=f"<Othr><Id>{debtor.number}</Id></Othr>",
    )

    message = receive(pain001(block)).message

    assert message.group_status == "ACSC"
    assert booked(creditor) == 20_00


def test_an_iban_is_its_owners_whatever_other_accounts_are_numbered(debtor: Account, creditor: Account) -> None:
    customer = make_customer()
    other = Account.objects.create(customer=customer, currency="EUR", name="Other", number=CREDITOR_IBAN)  # which no door takes any more
    receive(pain001(payment(transfer(account=f"<Othr><Id>{CREDITOR_IBAN}</Id></Othr>"))))
    assert (booked(creditor), booked(other)) == (10_00, 0)


def test_blocks_of_two_accounts_and_two_currencies(debtor: Account, creditor: Account) -> None:
    dollars = make_account("USD", iban="GB29NWBK60161331926819", funds_minor=10_00)
    other = make_account("USD", iban=OTHER_IBAN)
    second = payment(
        transfer("D1", currency="USD", account=f"<IBAN>{OTHER_IBAN}</IBAN>"),
        transfer("D2", currency="USD", account=f"<IBAN>{OTHER_IBAN}</IBAN>"),
        payment_information_id="P2",
        account="<IBAN>GB29NWBK60161331926819</IBAN>",
    )

    message = receive(pain001(payment(transfer("E1")), second)).message

    assert (booked(creditor), booked(dollars), booked(other)) == (10_00, 0, 10_00)
    assert message.group_status == "PART"
    assert values(report(message), "PmtInfSts") == ["ACSC", "PART"]
    assert verify_is_clean()


def test_service_level_may_name_a_payment_type(debtor: Account, creditor: Account) -> None:
    block = payment(transfer("E1")).replace(
        "<ReqdExctnDt>", "<PmtTpInf><SvcLvl><Prtry>DEMO_TRANSFER</Prtry></SvcLvl></PmtTpInf><ReqdExctnDt>"
    )

    receive(pain001(block))

    assert Payment.objects.get().payment_type == "DEMO_TRANSFER"
    assert booked(debtor) == 89_00


def test_block_refused_by_the_profile_leaves_the_others(debtor: Account, creditor: Account) -> None:
    cheques = payment(transfer("C1", account=""), method="CHK", payment_information_id="P2")

    message = receive(pain001(payment(transfer("E1")), cheques)).message

    assert (message.group_status, message.accepted, message.rejected) == ("PART", 1, 1)
    answer = report(message)
    assert values(answer, "PmtInfSts") == ["ACSC", "RJCT"]
    assert values(answer, "OrgnlEndToEndId") == ["E1"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (pain001(number=7), "AM19"),
        (pain001(payment(transfer(amount="-1"))), "FF01"),
        (pain001(version="99"), "FF01"),
        (b"<hello/>", "FF01"),
    ],
)
def test_file_refused_as_a_whole_is_kept_with_its_report(document: bytes, code: str, debtor: Account, creditor: Account) -> None:
    message = receive(document).message

    assert (message.status, message.group_status, message.accepted) == ("REJECTED", "RJCT", 0)
    assert [finding["code"] for finding in message.findings] == [code]
    assert values(report(message), "GrpSts") == ["RJCT"]
    assert values(report(message), "Cd") == [code]
    assert Payment.objects.count() == 0


def test_what_is_no_xml_leaves_nothing_behind() -> None:
    with pytest.raises(MalformedXml):
        receive(b"not XML")

    assert Message.objects.count() == 0


def test_same_bytes_again_get_the_same_message(debtor: Account, creditor: Account) -> None:
    document = pain001()
    first = receive(document)

    again = receive(document)

    assert (first.replayed, again.replayed) == (False, True)
    assert again.message.id == first.message.id
    assert booked(creditor) == 10_00
    assert Message.objects.filter(direction="IN").count() == 1


def test_other_bytes_under_the_same_message_id_are_a_duplicate(debtor: Account, creditor: Account) -> None:
    receive(pain001())

    second = receive(pain001(payment(transfer(amount="20.00"))))

    assert second.duplicate
    assert (second.message.status, second.message.findings[0]["code"]) == ("REJECTED", "DU01")
    assert values(report(second.message), "Cd") == ["DU01"]
    assert booked(creditor) == 10_00


def test_message_id_of_a_refused_file_may_be_used_again(debtor: Account, creditor: Account) -> None:
    receive(pain001(number=7))

    assert receive(pain001()).message.group_status == "ACSC"


def test_two_parties_may_use_one_message_id(debtor: Account, creditor: Account) -> None:
    receive(pain001())

    other = receive(pain001().replace(b"<InitgPty><Nm>Acme</Nm>", b"<InitgPty><Nm>Other</Nm>"))

    assert not other.duplicate
    assert booked(creditor) == 20_00


def test_a_party_with_an_identification_is_the_same_under_another_name(debtor: Account, creditor: Account) -> None:
    identified = b"<InitgPty><Nm>Acme</Nm><Id><OrgId><Othr><Id>CUST1</Id></Othr></OrgId></Id>"
    first = receive(pain001().replace(b"<InitgPty><Nm>Acme</Nm>", identified))
    again = receive(pain001().replace(b"<InitgPty><Nm>Acme</Nm>", identified.replace(b"Acme", b"Acme GmbH")))

    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.message.initiating_party_name == "Acme"
    assert booked(creditor) == 10_00


def test_another_tenant_is_another_world(debtor: Account, creditor: Account, tenant_b: TenantRecord) -> None:
    receive(pain001())

    with tenant_scope(tenant_b):
        make_payment_type()
        message = receive(pain001()).message

    assert message.group_status == "RJCT"
    assert booked(creditor) == 10_00


def test_file_is_finished_by_the_sweeper_where_a_process_died(debtor: Account, creditor: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "CHUNK", 3)
    calls = iter(range(100))

    def die_later(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 2:
            raise RuntimeError("the process dies here")
        return book_chunk(*arguments, **options)

    monkeypatch.setattr(processing, "book_chunk", die_later)
    document = pain001(payment(*[transfer(f"E{index}", amount="1.00") for index in range(10)], transfer("BAD", amount="0")))
    with pytest.raises(RuntimeError):
        receive(document)
    message = Message.objects.get(direction="IN")
    assert (message.status, message.group_status, message.processed, message.total) == ("PROCESSING", "PDNG", 6, 11)
    assert booked(creditor) == 6_00
    assert receive(document).replayed
    assert resume_messages() == 0  # its lease has not run out

    Message.objects.update(next_attempt_at=now() - timedelta(seconds=1))
    assert resume_messages() == 5

    message.refresh_from_db()
    assert (message.status, message.processed, message.accepted, message.rejected) == ("COMPLETED", 11, 10, 1)
    assert booked(creditor) == 10_00
    assert values(report(message), "OrgnlEndToEndId") == [*(f"E{index}" for index in range(10)), "BAD"]
    assert resume_messages() == resume_message(message.id) == 0
    assert Message.objects.filter(answers=message).count() == 1
    assert verify_is_clean()


def test_long_file_is_handed_over_when_its_time_is_up(debtor: Account, creditor: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "CHUNK", 2)
    transfers = [transfer(f"E{index}", amount="1.00") for index in range(6)]

    message = receive(pain001(payment(*transfers)), seconds=0.0).message

    assert (message.status, message.processed, message.total) == ("PROCESSING", 2, 6)
    assert resume_message(message.id) == 4
    assert booked(creditor) == 6_00


def test_statement_tells_of_the_file(debtor: Account, creditor: Account) -> None:
    remittance = (
        "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>"
    )
    receive(
        pain001(
            payment(
                transfer("E1", after="<RmtInf><Ustrd>Invoice &amp; 7</Ustrd></RmtInf>"), transfer("E2", amount="2.00", after=remittance)
            )
        )
    )
    today = datetime.now(UTC).date()

    outgoing = etree.fromstring(camt053_of(debtor.id, today, version="camt.053.001.08"))
    incoming = etree.fromstring(camt053_of(creditor.id, today, version="camt.053.001.02"))

    assert [found.findtext("{*}Amt") for found in outgoing.iter("{*}Bal")] == ["0.00", "88.00"]
    entries = list(outgoing.iter("{*}Ntry"))[-2:]
    assert [entry.findtext("{*}Amt") for entry in entries] == ["10.00", "2.00"]
    assert [entry.findtext(".//{*}Refs/{*}EndToEndId") for entry in entries] == ["E1", "E2"]
    assert [entry.findtext(".//{*}Refs/{*}MsgId") for entry in entries] == ["M1", "M1"]
    assert [entry.findtext(".//{*}Refs/{*}PmtInfId") for entry in entries] == ["P1", "P1"]
    assert entries[0].findtext(".//{*}Ustrd") == "Invoice & 7"
    assert entries[1].findtext(".//{*}CdtrRefInf/{*}Ref") == "RF18539007547034"
    assert entries[0].findtext(".//{*}CdtrAcct//{*}IBAN") == CREDITOR_IBAN
    assert [found.findtext("{*}Amt") for found in incoming.iter("{*}Bal")] == ["0.00", "12.00"]
    assert [found.text for found in incoming.iter("{*}SubFmlyCd")] == ["BOOK", "BOOK"]
    for entry in incoming.iter("{*}Ntry"):  # what the debtor calls it is between the debtor and the bank
        assert [etree.QName(found).localname for found in entry.iterfind(".//{*}Refs/*")] == ["EndToEndId"]


def test_nothing_of_what_a_payment_is_for_is_lost(debtor: Account, creditor: Account) -> None:
    strd = "<Strd><RfrdDocInf><Nb>{0}</Nb></RfrdDocInf><CdtrRefInf><Ref>{1}</Ref></CdtrRefInf><AddtlRmtInf>{2}</AddtlRmtInf></Strd>"
    structured = strd.format("INV-1", "R-1", "less 2 %") + strd.format("INV-2", "R-2", "thanks")
    receive(pain001(payment(transfer("E1", after=f"<RmtInf><Ustrd>May</Ustrd>{structured}</RmtInf>"))))
    document = etree.fromstring(camt053_of(creditor.id, datetime.now(UTC).date(), version="camt.053.001.08"))
    assert document.findtext(".//{*}RmtInf/{*}Ustrd") == "May less 2 % thanks R-2 INV-1 INV-2"
    assert document.findtext(".//{*}RmtInf//{*}Ref") == "R-1"


def test_statement_chain_has_no_gap(debtor: Account) -> None:
    today = datetime.now(UTC).date()

    documents = [etree.fromstring(camt053_of(debtor.id, today + timedelta(days=offset), version="camt.053.001.08")) for offset in range(3)]

    balances = [[found.findtext("{*}Amt") for found in document.iter("{*}Bal")] for document in documents]
    assert balances == [["0.00", "100.00"], ["100.00", "100.00"], ["100.00", "100.00"]]
    assert [document.findtext(".//{*}ElctrncSeqNb") for document in documents] == ["1", "2", "3"]


def verify_is_clean() -> bool:
    return all(verdict.violation_count == 0 for verdict in verify_tenant())


def test_message_that_can_not_be_finished_stays_due_and_stops_nobody(
    debtor: Account, creditor: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "CHUNK", 1)
    message = receive(pain001(payment(transfer("E1"), transfer("E2"))), seconds=0.0).message
    Message.objects.update(next_attempt_at=now() - timedelta(seconds=1))

    def refuse(*_arguments: Any) -> None:
        raise EmittedMessageInvalid("a report that does not pass its schema")

    with monkeypatch.context() as patched:
        patched.setattr(processing, "keep_report", refuse)
        assert resume_messages() == 0
    message.refresh_from_db()
    assert (message.status, message.processed) == ("PROCESSING", 2)
    assert message.next_attempt_at is not None

    resume_message(message.id)

    message.refresh_from_db()
    assert (message.status, message.accepted) == ("COMPLETED", 2)
    assert booked(creditor) == 20_00
