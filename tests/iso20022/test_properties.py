"""Laws that hold for every amount, every text and every file, not only for the examples."""

from datetime import UTC, date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from iso20022.camt053 import ISSUED_CREDIT_TRANSFER, Entry, Statement, write_camt053
from iso20022.pain001.reader import read_pain001
from iso20022.pain001.values import CreditTransfer
from iso20022.pain002 import PaymentStatus, StatusReason, StatusReport, TransactionStatus, answer_version, roll_up, write_pain002
from payment_engine.errors import EngineError
from payment_engine.money import exponent, format_amount
from tests.iso20022.builders import FILES, TODAY, pain001, payment, transfer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASES = [path.read_bytes() for path in sorted(FILES.glob("*.xml"))]
currencies = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "CHF", "ISK", "BHD"])
# What XML 1.0 allows, without the characters its line-end rule rewrites.
xml_text = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff") | st.sampled_from("\t\n&<>'\"]"),
    min_size=1,
    max_size=35,
)


@given(st.lists(st.tuples(st.integers(1, 10**12), currencies), min_size=1, max_size=8))
def test_every_amount_is_read_as_written_and_sums_are_exact(amounts: list[tuple[int, str]]) -> None:
    written = [format_amount(minor, currency) for minor, currency in amounts]
    total = sum((Decimal(text) for text in written), Decimal(0))
    transfers = [
        transfer(f"E{index}", amount=text, currency=currency)
        for index, (text, (_, currency)) in enumerate(zip(written, amounts, strict=True))
    ]

    message = read_pain001(pain001(payment(*transfers), control_sum=f"{total:f}"), today=TODAY)

    assert message.findings.reported == ()
    assert message.control_sum == total
    found = [(item.amount_minor, item.currency) for item in message.transfers() if isinstance(item, CreditTransfer)]
    assert found == amounts


@given(xml_text, xml_text)
def test_every_text_survives_reading_and_writing(identification: str, name: str) -> None:
    document = pain001(payment(transfer(escape(identification), name=escape(name))))
    message = read_pain001(document, today=TODAY)
    (found,) = message.transfers()

    report = write_pain002(
        StatusReport(
            message_id="R",
            created_at=NOW,
            original_message_id="M",
            original_message_type="pain.001.001.09",
            group_status="PART",
            payments=[
                PaymentStatus(
                    payment_information_id="P",
                    status="ACSC",
                    transactions=[
                        TransactionStatus(end_to_end_id=found.end_to_end_id, status="ACSC", reasons=(StatusReason(code="NARR", text=name),))
                    ],
                )
            ],
        )
    )

    assert found.end_to_end_id == identification
    assert etree.fromstring(report).findtext(".//{*}OrgnlEndToEndId") == identification
    if isinstance(found, CreditTransfer):
        assert found.creditor_name == (name.strip(" \t\r\n") or None), "a blank name is none"


@given(st.text(max_size=400), st.lists(st.integers(-(10**9), 10**9), max_size=6), currencies, st.integers(-(10**9), 10**9))
def test_every_statement_adds_up_and_is_valid(text: str, amounts: list[int], currency: str, opening: int) -> None:
    day = date(2026, 11, 21)
    entries = [
        Entry(
            reference=f"{index}",
            amount_minor=minor,
            booking_date=day,
            value_date=day,
            bank_transaction_code=ISSUED_CREDIT_TRANSFER,
            remittance_information=text,
            counterparty_name=text,
        )
        for index, minor in enumerate(amounts)
    ]
    statement = Statement(
        message_id="S",
        created_at=NOW,
        statement_id="S",
        day=day,
        account_number="1",
        has_iban=False,
        currency=currency,
        opening_minor=opening,
        closing_minor=opening + sum(amounts),
        entries=entries,
    )

    root = etree.fromstring(write_camt053(statement))

    def signed(element: etree._Element) -> int:
        amount = Decimal(element.findtext("{*}Amt") or "").scaleb(exponent(currency))
        return int(amount) if element.findtext("{*}CdtDbtInd") == "CRDT" else -int(amount)

    opening_found, closing_found = (signed(balance) for balance in root.iter("{*}Bal"))
    assert opening_found + sum(signed(found) for found in root.iter("{*}Ntry")) == closing_found == opening + sum(amounts)


@given(st.lists(st.sampled_from(["RCVD", "PDNG", "PATC", "ACTC", "ACCP", "ACFC", "ACWC", "ACSP", "ACSC", "RJCT", "CANC"]), min_size=1))
def test_rolling_up_blocks_first_gives_the_same_group_verdict(statuses: list[str]) -> None:
    """A group never says that all is done, or all is refused, unless every transaction says so."""
    middle = len(statuses) // 2
    blocks = [roll_up(part) for part in (statuses[:middle], statuses[middle:]) if part]

    assert roll_up(blocks) == roll_up(statuses)
    assert (roll_up(statuses) == "RJCT") == all(status in {"RJCT", "CANC"} for status in statuses)
    assert (roll_up(statuses) == "ACSC") == all(status == "ACSC" for status in statuses)


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    document = bytearray(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(document)))
        length = draw(st.integers(0, 40))
        kind = draw(st.sampled_from(["delete", "insert", "replace", "repeat", "cut", "tag"]))
        if kind == "delete":
            del document[start : start + length]
        elif kind == "insert":
            document[start:start] = draw(st.binary(max_size=12))
        elif kind == "replace":
            document[start : start + length] = draw(st.text(max_size=20)).encode("utf-8", "surrogatepass")
        elif kind == "repeat":
            document[start:start] = document[start : start + length * 20]
        elif kind == "cut":
            del document[start:]
        else:
            names = ["PmtInf", "CdtTrfTxInf", "GrpHdr", "Document", "AppHdr", "Amt", "InstdAmt", "SplmtryData", "!DOCTYPE x", "![CDATA["]
            document[start:start] = f"<{draw(st.sampled_from(['', '/']))}{draw(st.sampled_from(names))}>".encode()
    return bytes(document)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_files())
@example(b"<urn:iso:std:CstmrCdtTrfInitn>")
def test_no_bytes_whatever_cause_anything_but_an_engine_error(document: bytes) -> None:
    try:
        message = read_pain001(document, today=TODAY)
    except EngineError as error:
        assert error.status == 400  # noqa: PT017  # either outcome is right; nothing else is
        return
    for finding in message.findings.reported:
        assert finding.path.startswith("/")
        assert finding.text
    if not message.findings.refuse_group:
        assert len(list(message.transfers())) == message.transactions
    write_pain002(
        StatusReport(
            message_id="R",
            created_at=NOW,
            original_message_id=message.header.message_id if message.header else "NOTPROVIDED",
            original_message_type=(message.message_type or "NOTPROVIDED")[:35],
            group_status="RJCT",
            reasons=tuple(StatusReason(code=finding.code, text=finding.text) for finding in message.findings.reported),
        ),
        version=answer_version(message.message_type),
    )
