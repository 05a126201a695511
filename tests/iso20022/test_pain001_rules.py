"""Each rule: its code, and exactly how much of the file it takes down."""

from datetime import date, timedelta

import pytest

from iso20022.findings import Level, Severity
from iso20022.pain001.profile import Profile
from iso20022.pain001.reader import CreditTransferInitiation, read_pain001
from iso20022.pain001.values import CreditTransfer, RefusedTransfer
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, TODAY, many_transfers, pain001, payment, transfer


def read(document: bytes, profile: Profile | None = None) -> CreditTransferInitiation:
    return read_pain001(document, today=TODAY, profile=profile or Profile())


TWO = (transfer(), transfer("E2", amount="5.50"))
GROUP: dict[str, tuple[bytes, str]] = {
    "one transaction too many": (pain001(payment(*TWO), number=1), "AM19"),
    "one transaction missing": (pain001(payment(*TWO), number=3), "AM19"),
    "control sum too low": (pain001(payment(*TWO), control_sum="15.49"), "AM10"),
    "control sum far off in the last digit": (pain001(payment(*TWO), control_sum="15.500000001"), "AM10"),
    "empty message id": (pain001(message_id="  "), "CH21"),
    "tab in message id": (pain001(message_id="a&#9;b"), "CH16"),
}


@pytest.mark.parametrize("name", GROUP)
def test_group_rule_refuses_the_whole_file(name: str) -> None:
    document, code = GROUP[name]

    findings = read(document).findings

    assert [(finding.code, finding.level) for finding in findings.group_refusals] == [(code, Level.GROUP)]


def test_control_sum_matches_in_every_spelling() -> None:
    for written in ("15.5", "15.50", "015.500", "+15.50"):
        assert read(pain001(payment(*TWO), control_sum=written)).findings.reported == ()


def test_control_sum_is_exact_where_floats_are_not() -> None:
    ten_cents = [transfer(f"E{index}", amount="0.1") for index in range(10)]

    assert read(pain001(payment(*ten_cents), control_sum="1")).findings.reported == ()


PAYMENT: dict[str, tuple[str, str]] = {
    "too many transactions stated": (payment(*TWO, counts="<NbOfTxs>3</NbOfTxs>"), "AM20"),
    "control sum of the block": (payment(*TWO, counts="<CtrlSum>15.49</CtrlSum>"), "AM10"),
    "empty id": (payment(*TWO, payment_information_id=" "), "CH21"),
    "newline in the id": (payment(*TWO, payment_information_id="a&#10;b"), "CH16"),
    "cheques": (payment(*TWO, method="CHK"), "AG03"),
    "transfer advice": (payment(*TWO, method="TRA"), "AG03"),
    "debtor IBAN with wrong check digits": (payment(*TWO, account="<IBAN>DE88370400440532013000</IBAN>"), "AC01"),
    "debtor IBAN of a country without": (payment(*TWO, account="<IBAN>US88370400440532013000</IBAN>"), "AC01"),
    "blank debtor account": (payment(*TWO, account="<Othr><Id> </Id></Othr>"), "AC02"),
    "bank in no country": (payment(*TWO, bic="COBAZZFFXXX"), "RC01"),
    "date two years ahead": (payment(*TWO, requested="<Dt>2028-11-24</Dt>"), "CH03"),
    "date beyond the calendar": (payment(*TWO, requested="<Dt>10000-01-01</Dt>"), "DT01"),
}


@pytest.mark.parametrize("name", PAYMENT)
def test_payment_rule_refuses_its_block_only(name: str) -> None:
    block, code = PAYMENT[name]
    other = payment(transfer("E9"), payment_information_id="OTHER")

    findings = read(pain001(block, other)).findings

    assert not findings.refuse_group
    assert {index: [finding.code for finding in found] for index, found in findings.payment_refusals.items()} == {0: [code]}
    (finding,) = findings.payment_refusals[0]
    assert finding.path.startswith("/Document/CstmrCdtTrfInitn/PmtInf[1]/")
    assert finding.line == 4


def test_second_block_with_the_same_id_is_refused() -> None:
    findings = read(pain001(payment(transfer()), payment(transfer()))).findings

    assert {index: [finding.code for finding in found] for index, found in findings.payment_refusals.items()} == {1: ["DU02"]}


@pytest.mark.parametrize("days", [1, 30, 4000])
def test_date_gone_by_is_a_warning(days: int) -> None:
    block = payment(transfer(), requested=f"<Dt>{TODAY - timedelta(days=days)}</Dt>")

    findings = read(pain001(block)).findings

    assert [(finding.code, finding.severity) for finding in findings.reported] == [("DT06", Severity.WARNS)]
    assert not findings.payment_refusals


TRANSACTION: dict[str, tuple[str, str]] = {
    "zero": (transfer(amount="0.00"), "AM01"),
    "half a yen": (transfer(amount="10.5", currency="JPY"), "CH20"),
    "yen with cents of zero": (transfer(amount="10.00", currency="JPY"), "CH20"),
    "three decimals of a euro": (transfer(amount="0.001"), "CH20"),
    "a currency there is not": (transfer(currency="ZZZ"), "AM03"),
    "a currency of the past": (transfer(currency="DEM"), "AM03"),
    "more digits than a ledger has": (transfer(amount="123456789012345678"), "AM12"),
    "wrong check digits": (transfer(account="<IBAN>BE69539007547034</IBAN>"), "AC01"),
    "IBAN one digit short": (transfer(account="<IBAN>BE6853900754703</IBAN>"), "AC01"),
    "no creditor account": (transfer(account=""), "AC03"),
    "blank creditor account": (transfer(account="<Othr><Id>  </Id></Othr>"), "AC03"),
    "blank end-to-end id": (transfer(" "), "CH21"),
    "newline in the end-to-end id": (transfer("a&#10;b"), "CH16"),
    "bank in no country": (transfer(before="<CdtrAgt><FinInstnId><BICFI>COBAZZFFXXX</BICFI></FinInstnId></CdtrAgt>"), "RC01"),
    "cheque instruction in a transfer": (transfer(before="<ChqInstr><ChqTp>BCHQ</ChqTp></ChqInstr>"), "CH17"),
}


@pytest.mark.parametrize("name", TRANSACTION)
def test_transaction_rule_refuses_that_transfer_only(name: str) -> None:
    wrong, code = TRANSACTION[name]

    message = read(pain001(payment(transfer("GOOD"), wrong)))

    good, refused = message.transfers()
    assert isinstance(good, CreditTransfer)
    assert isinstance(refused, RefusedTransfer)
    assert [(finding.code, finding.level) for finding in refused.findings] == [(code, Level.TRANSACTION)]
    assert refused.findings[0].path.startswith("/Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[2]/")
    assert (refused.findings[0].payment_index, refused.findings[0].transaction_index) == (0, 1)
    assert not message.findings.refuse_group
    assert not message.findings.payment_refusals
    assert message.findings.refused_transactions == 1


def test_amounts_that_are_refused_still_count_in_the_control_sum() -> None:
    block = payment(transfer(amount="10.5", currency="JPY"), transfer("E2", currency="ZZZ", amount="1.25"))

    assert not read(pain001(block, control_sum="11.75")).findings.refuse_group


def test_lower_case_iban_is_the_same_account() -> None:
    (found,) = read(pain001(payment(transfer(account="<IBAN>GB29nwbk60161331926819</IBAN>")))).transfers()

    assert isinstance(found, CreditTransfer)
    assert found.creditor_account.number == "GB29NWBK60161331926819"


def test_same_end_to_end_id_amount_and_creditor_is_a_duplicate() -> None:
    message = read(pain001(payment(transfer("E1"), transfer("E1"), transfer("E1", amount="10.01"))))

    assert [isinstance(found, CreditTransfer) for found in message.transfers()] == [True, False, True]
    assert [finding.code for finding in message.findings.reported] == ["DU04"]


def test_same_end_to_end_id_in_two_blocks_is_no_duplicate() -> None:
    message = read(pain001(payment(transfer("E1")), payment(transfer("E1"), payment_information_id="P2")))

    assert message.findings.reported == ()


def test_envelope_that_announces_another_message_is_a_warning() -> None:
    head = '<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.01"><MsgDefIdr>pain.001.001.03</MsgDefIdr></AppHdr>'

    message = read(b"<wrapper>" + head.encode() + pain001(prolog="") + b"</wrapper>")

    assert [(finding.path, finding.severity) for finding in message.findings.reported] == [("/AppHdr/MsgDefIdr", Severity.WARNS)]
    assert len(list(message.transfers())) == 1


def test_profile_decides_methods_and_horizon() -> None:
    profile = Profile(name="cheques too", payment_methods=frozenset({"TRF", "CHK"}), days_ahead=2)
    block = payment(transfer(account="", before="<ChqInstr/>"), method="CHK", requested=f"<Dt>{date(2026, 11, 24)}</Dt>")

    findings = read(pain001(block), profile).findings

    assert [finding.code for finding in findings.payment_refusals[0]] == ["CH03"]
    assert findings.refused_transactions == 0


def test_too_many_payment_blocks_refuse_the_file() -> None:
    blocks = [payment(transfer(), payment_information_id=f"P{index}") for index in range(4)]

    findings = read(pain001(*blocks), Profile(payments_at_most=3)).findings

    assert [finding.code for finding in findings.group_refusals] == ["NARR"]


def test_a_schema_error_silences_the_rules() -> None:
    message = read(pain001(payment(transfer(amount="-1"), transfer(amount="0")), number=99))

    assert {finding.code for finding in message.findings.reported} == {"FF01"}
    assert list(message.transfers()) == []


def test_schema_errors_are_each_told_with_line_and_place() -> None:
    transfers = [transfer(f"E{index}", currency="EUR" if index % 2 else "euro") for index in range(6)]

    findings = read(pain001(payment(*transfers))).findings

    assert [(finding.line, finding.transaction_index) for finding in findings.reported] == [(7, 0), (11, 2), (15, 4)]
    assert findings.reported[1].path == "/Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[3]/Amt/InstdAmt"


def test_only_the_first_hundred_findings_are_shown_but_all_are_counted() -> None:
    transfers = [transfer(f"E{index}", amount="0") for index in range(250)]

    message = read(pain001(payment(*transfers)))

    assert len(message.findings.reported) == 100
    assert message.findings.omitted == 150
    assert message.findings.refused_transactions == 250
    assert sum(isinstance(found, RefusedTransfer) for found in message.transfers()) == 250


def test_long_files_are_read_again_with_the_same_result() -> None:
    transfers = [*many_transfers(30), transfer("BAD", amount="0"), transfer("E1", amount="2.00")]
    document = pain001(payment(*transfers), payment(transfer("LAST"), payment_information_id="P2"))

    kept = read_pain001(document, today=TODAY)
    read_again = read_pain001(document, today=TODAY, kept_at_most=5)

    assert list(read_again.transfers()) == list(kept.transfers())
    assert list(read_again.transfers()) == list(kept.transfers())
    assert read_again.findings == kept.findings


@pytest.mark.parametrize("iban", [DEBTOR_IBAN, CREDITOR_IBAN])
def test_builder_accounts_are_valid(iban: str) -> None:
    assert read(pain001(payment(transfer(account=f"<IBAN>{iban}</IBAN>")))).findings.reported == ()
