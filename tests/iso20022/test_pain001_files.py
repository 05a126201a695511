"""Ten files written from the standard: what banks' customers really send."""

from datetime import date
from decimal import Decimal

import pytest

from iso20022.findings import Severity
from iso20022.pain001.reader import CreditTransferInitiation, read_pain001
from iso20022.pain001.values import CreditTransfer, RefusedTransfer
from tests.iso20022.builders import FILES, TODAY

CLEAN = sorted(path.name for path in FILES.glob("*.xml") if path.name != "03-cheque-and-equivalent-amount.xml")


def read(name: str) -> CreditTransferInitiation:
    return read_pain001((FILES / name).read_bytes(), today=TODAY)


def accepted(message: CreditTransferInitiation) -> list[CreditTransfer]:
    return [transfer for transfer in message.transfers() if isinstance(transfer, CreditTransfer)]


@pytest.mark.parametrize("name", CLEAN)
def test_file_is_read_without_any_finding(name: str) -> None:
    message = read(name)

    assert message.findings.reported == ()
    assert message.message_type == f"pain.001.001.{name[:2]}"
    assert len(accepted(message)) == message.transactions == message.header.number_of_transactions  # type: ignore[union-attr]


def test_every_kind_of_version_is_among_the_files() -> None:
    assert {name[:2] for name in CLEAN} >= {"03", "05", "08", "09", "10", "11", "12", "13"}
    assert len(list(FILES.glob("*.xml"))) >= 10


def test_two_debit_accounts_and_two_currencies() -> None:
    message = read("03-suppliers-from-two-accounts.xml")

    euro, franc = message.payments
    assert (euro.payment_information_id, euro.transactions, euro.control_sum, euro.batch_booking) == (
        "SUP-EUR-1",
        2,
        Decimal("1650.75"),
        True,
    )
    assert (euro.debtor_account.number, euro.debtor_account.currency) == ("DE89370400440532013000", "EUR")  # type: ignore[union-attr]
    assert (euro.service_level, euro.debtor_agent_bic, euro.charge_bearer) == ("SEPA", "COBADEFFXXX", "SLEV")
    assert (franc.requested_execution_date, franc.batch_booking) == (date(2026, 11, 25), None)
    assert message.header is not None
    assert (message.header.control_sum, message.header.initiating_party_id) == (Decimal("2150.75"), "DE119234567")
    first, second, third = accepted(message)
    assert (first.amount_minor, first.currency, first.instruction_id, first.end_to_end_id) == (150000, "EUR", "1", "INV-4711")
    assert (first.creditor_name, first.remittance_information) == ("Van Dijk & Zonen B.V.", "Invoice 4711 of 3 November")
    assert (second.creditor_name, second.creditor_agent_bic) == ("Müller & Söhne", None)
    assert (third.amount_minor, third.currency, third.payment_index, third.transaction_index) == (50000, "CHF", 1, 0)
    assert first.line == 26


def test_account_numbers_and_structured_remittance() -> None:
    message = read("05-account-numbers-structured-remittance.xml")

    first, second = accepted(message)
    assert message.payments[0].debtor_account.is_iban is False  # type: ignore[union-attr]
    assert (first.creditor_account.number, first.creditor_account.is_iban) == ("987654321", False)
    assert first.creditor_reference == "RF18539007547034"
    assert first.referred_documents == ("INV-2026-0042", "CN-2026-0007")
    assert first.remittance_information == "less credit note"
    assert second.amount_minor == 50


def test_currencies_with_no_three_and_four_decimals() -> None:
    transfers = accepted(read("08-yen-dinar-and-peso.xml"))

    assert [(transfer.currency, transfer.amount_minor) for transfer in transfers] == [("JPY", 250000), ("KWD", 125375), ("CLF", 5)]
    assert transfers[0].creditor_name == "株式会社みらい"
    assert transfers[0].purpose == "SUPP"


def test_missing_control_sum_and_repeated_notprovided_are_tolerated() -> None:
    message = read("09-no-control-sum-notprovided.xml")

    assert message.header is not None
    assert message.header.control_sum is None
    assert message.control_sum == Decimal("6050.7")
    transfers = accepted(message)
    assert [transfer.end_to_end_id for transfer in transfers] == ["NOTPROVIDED"] * 3
    assert transfers[1].remittance_information == "Salary November"
    assert transfers[2].amount_minor == 185050  # written " +1850.5 "


def test_envelope_is_unwrapped_and_its_header_read() -> None:
    message = read("09-envelope-with-business-header.xml")

    assert message.business_header is not None
    assert message.business_header.business_message_id == "RELAY-1"
    assert message.business_header.message_definition == "pain.001.001.09"
    (transfer,) = accepted(message)
    assert (transfer.amount_minor, transfer.currency) == (98765, "GBP")
    assert transfer.uetr == "8a562c67-ca16-48ba-b074-65581be6f001"


def test_many_debit_blocks_keep_their_order() -> None:
    message = read("10-many-debit-blocks.xml")

    assert [payment.payment_information_id for payment in message.payments] == [f"LK-10-{index}" for index in range(5)]
    assert [(transfer.payment_index, transfer.amount_minor) for transfer in accepted(message)] == [
        (0, 100),
        (1, 201),
        (2, 302),
        (3, 403),
        (4, 504),
    ]


def test_execution_time_means_its_day() -> None:
    message = read("11-execution-time.xml")

    assert message.payments[0].requested_execution_date == date(2026, 11, 24)


def test_supplementary_data_is_never_taken_for_a_transfer() -> None:
    message = read("12-supplementary-data.xml")

    assert [transfer.amount_minor for transfer in accepted(message)] == [1000, 1100]


def test_cheque_block_and_currency_exchange_are_refused_and_nothing_else() -> None:
    message = read("03-cheque-and-equivalent-amount.xml")

    assert not message.findings.refuse_group
    assert {index: [finding.code for finding in found] for index, found in message.findings.payment_refusals.items()} == {0: ["AG03"]}
    transfers = [transfer for transfer in message.transfers() if transfer.payment_index == 1]
    exchange, same_currency, plain = transfers
    assert isinstance(exchange, RefusedTransfer)
    assert [finding.code for finding in exchange.findings] == ["AM03"]
    assert isinstance(same_currency, CreditTransfer)
    assert (same_currency.amount_minor, same_currency.currency) == (6000, "EUR")
    assert isinstance(plain, CreditTransfer)
    assert all(finding.severity is Severity.REFUSES for finding in message.findings.reported)
