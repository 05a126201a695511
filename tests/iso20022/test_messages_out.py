"""What we write passes the schema of its version, keeps every amount and identification, and adds up."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from lxml import etree

from iso20022 import camt053, selfcheck
from iso20022.camt053 import ISSUED_CREDIT_TRANSFER, RECEIVED_CREDIT_TRANSFER, Entry, Statement, write_camt053
from iso20022.codes import SENTENCES
from iso20022.errors import EmittedMessageInvalid
from iso20022.pain002 import ANSWERS, PaymentStatus, StatusReason, StatusReport, TransactionStatus, answer_version, roll_up, write_pain002

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
UETR = "8a562c67-ca16-48ba-b074-65581be6f001"
EVERY_STATUS = ("RCVD", "PDNG", "PATC", "ACTC", "ACCP", "ACFC", "ACWC", "ACSP", "ACSC", "ACCC", "RJCT", "CANC")


def report(**changes: object) -> StatusReport:
    values: dict[str, object] = {
        "message_id": "R1",
        "created_at": NOW,
        "original_message_id": "M1",
        "original_message_type": "pain.001.001.09",
        "original_created": "2026-11-21T09:00:00",
        "number_of_transactions": 2,
        "control_sum": Decimal("15.50"),
        "group_status": "PART",
    }
    return StatusReport(**(values | changes))  # type: ignore[arg-type]


def texts(document: bytes, name: str) -> list[str | None]:
    return [found.text for found in etree.fromstring(document).iter(f"{{*}}{name}")]


@pytest.mark.parametrize("version", sorted(set(ANSWERS.values())))
def test_every_version_takes_every_status_at_every_level(version: str) -> None:
    transactions = tuple(
        TransactionStatus(
            end_to_end_id=f"E{index}",
            instruction_id=f"I{index}",
            uetr=UETR,
            status=status,
            reasons=(StatusReason(code="AM04", text="Not enough funds."), StatusReason(code="AC03", text="No such account. " * 9)),
            accepted_at=NOW,
            servicer_reference="0" * 32,
        )
        for index, status in enumerate(EVERY_STATUS)
    )
    counts = dict.fromkeys(EVERY_STATUS, 3)
    payments = [
        PaymentStatus(payment_information_id="P", status=status, transactions=transactions, per_status=counts)
        for status in (*EVERY_STATUS, "PART")
    ]

    for status in (*EVERY_STATUS, "PART"):
        document = write_pain002(report(group_status=status, payments=payments, per_status=counts), version=version)
        assert sum(int(text or 0) for text in texts(document, "DtldNbOfTxs")) == 3 * len(EVERY_STATUS) * (1 + len(payments))


def test_the_answer_is_of_the_same_release_as_the_request() -> None:
    assert answer_version("pain.001.001.03") == "pain.002.001.03"
    assert answer_version("pain.001.001.09") == "pain.002.001.10"
    assert answer_version("pain.001.001.13") == "pain.002.001.15"
    assert answer_version("pain.008.001.08") == answer_version(None) == "pain.002.001.10"


def test_report_says_what_it_was_given() -> None:
    payments = [
        PaymentStatus(
            payment_information_id="P&1",
            status="PART",
            number_of_transactions=2,
            control_sum=Decimal("15.50"),
            transactions=(
                TransactionStatus(end_to_end_id="E<1>", uetr=UETR, status="ACSC"),
                TransactionStatus(end_to_end_id="E2", status="RJCT", reasons=(StatusReason(code="AM04", text="No money. " * 30),)),
            ),
        )
    ]

    document = write_pain002(report(payments=payments))

    assert texts(document, "OrgnlEndToEndId") == ["E<1>", "E2"]
    assert texts(document, "OrgnlUETR") == [UETR]
    assert texts(document, "TxSts") == ["ACSC", "RJCT"]
    assert texts(document, "OrgnlPmtInfId") == ["P&1"]
    assert texts(document, "OrgnlCtrlSum") == ["15.50", "15.50"]
    pieces = [text or "" for text in texts(document, "AddtlInf")]
    assert all(len(piece) <= 105 for piece in pieces)
    assert " ".join(pieces) == ("No money. " * 30).strip()


def test_report_of_2009_has_no_uetr_and_no_new_codes() -> None:
    payments = [
        PaymentStatus(
            payment_information_id="P", status="ACCC", transactions=(TransactionStatus(end_to_end_id="E", uetr=UETR, status="CANC"),)
        )
    ]

    document = write_pain002(report(group_status="PATC", payments=payments), version="pain.002.001.03")

    assert texts(document, "OrgnlUETR") == []
    assert texts(document, "TxSts") == ["RJCT"]
    assert texts(document, "PmtInfSts") == ["ACSC"]
    assert texts(document, "GrpSts") == ["PDNG"]


@pytest.mark.parametrize("code", SENTENCES)
def test_every_reason_code_may_be_sent(code: str) -> None:
    assert texts(write_pain002(report(group_status="RJCT", reasons=(StatusReason(code=code),))), "Cd") == [code]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["ACSC", "ACSC"], "ACSC"),
        (["RJCT", "RJCT"], "RJCT"),
        (["ACSC", "RJCT"], "PART"),
        (["PART", "ACSC"], "PART"),
        (["PDNG", "ACSC"], "PDNG"),
        (["ACSP", "ACSC"], "ACSP"),
        (["ACCP", "ACSP", "ACSC"], "ACCP"),
        (["CANC", "CANC"], "RJCT"),
        (["CANC", "ACSC"], "PART"),
        (["PATC", "PATC"], "PDNG"),
    ],
)
def test_roll_up(statuses: list[str], expected: str) -> None:
    assert roll_up(statuses) == expected


def test_an_invalid_report_is_never_returned() -> None:
    with pytest.raises(EmittedMessageInvalid):
        write_pain002(report(original_message_id="x" * 36))


def entry(**changes: object) -> Entry:
    values: dict[str, object] = {
        "reference": "0" * 32,
        "amount_minor": -1000,
        "booking_date": date(2026, 11, 21),
        "value_date": date(2026, 11, 22),
        "bank_transaction_code": ISSUED_CREDIT_TRANSFER,
        "message_id": "M1",
        "payment_information_id": "P1",
        "instruction_id": "I1",
        "end_to_end_id": "E1",
        "uetr": UETR,
        "counterparty_name": "Müller & Söhne",
        "counterparty_account": "BE68539007547034",
        "counterparty_has_iban": True,
        "remittance_information": "Invoice 1",
        "creditor_reference": "RF18539007547034",
    }
    return Entry(**(values | changes))  # type: ignore[arg-type]


def statement(*entries: Entry, **changes: object) -> Statement:
    values: dict[str, object] = {
        "message_id": "S1",
        "created_at": NOW,
        "statement_id": "DE89-2026-11-21",
        "sequence_number": 7,
        "day": date(2026, 11, 21),
        "account_number": "DE89370400440532013000",
        "has_iban": True,
        "currency": "EUR",
        "owner_name": "Acme",
        "servicer_bic": "COBADEFFXXX",
        "opening_minor": 500,
        "closing_minor": 500 + sum(found.amount_minor for found in entries),
        "entries": entries,
    }
    return Statement(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("version", camt053.VERSIONS)
def test_statement_has_balances_entries_and_their_other_sides(version: str) -> None:
    incoming = entry(amount_minor=250, bank_transaction_code=RECEIVED_CREDIT_TRANSFER, end_to_end_id="E2", counterparty_has_iban=False)
    plain = entry(
        amount_minor=-1,
        end_to_end_id=None,
        uetr=None,
        counterparty_name=None,
        counterparty_account=None,
        remittance_information=None,
        creditor_reference=None,
    )

    document = write_camt053(statement(entry(), incoming, plain), version=version)

    root = etree.fromstring(document)
    balances = [
        [balance.findtext(path) for path in ("{*}Tp/{*}CdOrPrtry/{*}Cd", "{*}Amt", "{*}CdtDbtInd")] for balance in root.iter("{*}Bal")
    ]
    assert balances == [["OPBD", "5.00", "CRDT"], ["CLBD", "2.51", "DBIT"]]
    entries = [(found.findtext("{*}Amt"), found.findtext("{*}CdtDbtInd")) for found in root.iter("{*}Ntry")]
    assert entries == [("10.00", "DBIT"), ("2.50", "CRDT"), ("0.01", "DBIT")]
    assert texts(document, "EndToEndId") == ["E1", "E2"]
    assert [found.tag.rpartition("}")[2] for found in root.iter("{*}CdtrAcct", "{*}DbtrAcct")] == ["CdtrAcct", "DbtrAcct"]
    assert [found.findtext(".//{*}Nm") for found in root.iter("{*}Cdtr", "{*}Dbtr")] == ["Müller & Söhne"] * 2
    assert texts(document, "NbOfNtries") == ["1", "2"]
    assert texts(document, "Sum") == ["2.50", "10.01"]


@pytest.mark.parametrize("version", camt053.VERSIONS)
@pytest.mark.parametrize(
    ("reference", "kind"),
    [("RF18539007547034", "Cd SCOR"), ("210000000003139471430009017", "Prtry QRR"), ("RF00539007547034", None), ("4711/2026", None)],
)
def test_kind_of_a_creditor_reference_is_told_where_it_is_known(version: str, reference: str, kind: str | None) -> None:
    document = write_camt053(statement(entry(creditor_reference=reference)), version=version)

    (found,) = etree.fromstring(document).iter("{*}CdtrRefInf")
    assert found.findtext("{*}Ref") == reference
    assert [f"{etree.QName(told).localname} {told.text}" for told in found.iterfind("{*}Tp/{*}CdOrPrtry/*")] == ([kind] if kind else [])


@pytest.mark.parametrize("version", camt053.VERSIONS)
@pytest.mark.parametrize(("currency", "opening", "written"), [("JPY", 5, "5"), ("KWD", -1234, "1.234"), ("EUR", 0, "0.00")])
def test_day_without_entries_has_a_statement(version: str, currency: str, opening: int, written: str) -> None:
    document = write_camt053(
        statement(currency=currency, opening_minor=opening, closing_minor=opening, sequence_number=None), version=version
    )

    assert texts(document, "Amt") == [written, written]
    assert texts(document, "NbOfNtries") == ["0", "0"]


def test_a_reversal_keeps_the_roles_of_the_original() -> None:
    document = write_camt053(statement(entry(amount_minor=1000, is_reversal=True)))

    assert texts(document, "RvslInd") == ["true"]
    assert len(texts(document, "CdtrAcct")) == 1


def test_statement_that_does_not_add_up_is_never_returned() -> None:
    with pytest.raises(EmittedMessageInvalid, match="closing balance"):
        write_camt053(statement(entry(), closing_minor=0))


@pytest.mark.parametrize("size", [0, 10**9])
def test_long_and_short_documents_are_checked_alike(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "_TREE_BYTES", size)
    good = write_camt053(statement(*[entry(end_to_end_id=f"E{index}") for index in range(50)]))
    assert len(texts(good, "EndToEndId")) == 50

    for wrong in (
        good.replace(b"<EndToEndId>E7</EndToEndId>", b"<EndToEndId></EndToEndId>"),
        good.replace(b"<Stmt>", b"<Stmt><Surprise/>"),
        good.replace(b"<CdtDbtInd>CRDT</CdtDbtInd>", b"", 1),
        good[:-20],
    ):
        with pytest.raises(EmittedMessageInvalid):
            selfcheck.assert_valid(wrong, camt053.DEFAULT_VERSION)
