"""pain.002, CustomerPaymentStatusReport: what became of a pain.001, in the version of the same ISO 20022 release."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from iso20022.schemas import namespace_of
from iso20022.selfcheck import assert_valid
from iso20022.xmltext import date_time, element, escaped, segments

DEFAULT_VERSION: Final = "pain.002.001.10"
ANSWERS: Final[dict[str, str]] = {
    "pain.001.001.03": "pain.002.001.03",
    "pain.001.001.04": "pain.002.001.04",
    "pain.001.001.05": "pain.002.001.05",
    "pain.001.001.06": "pain.002.001.06",
    "pain.001.001.07": "pain.002.001.07",
    "pain.001.001.08": "pain.002.001.08",
    "pain.001.001.09": "pain.002.001.10",
    "pain.001.001.10": "pain.002.001.11",
    "pain.001.001.11": "pain.002.001.12",
    "pain.001.001.12": "pain.002.001.14",
    "pain.001.001.13": "pain.002.001.15",
}
"""The report of the release the request belongs to (2009, 2012, … 2026), by the dates in the official schemas."""

NOT_PROVIDED: Final = "NOTPROVIDED"
# From the least to the most advanced; CANC and RJCT stand apart.
_PROGRESS: Final = ("RCVD", "PDNG", "PATC", "ACTC", "ACCP", "ACFC", "ACWC", "ACSP", "ACSC", "ACCC")
# Codes that a payment block and the group do not have.
_GROUP_CODES: Final = {"CANC": "RJCT", "PATC": "PDNG", "ACFC": "ACCP"}
# Until 2016 both levels had a closed list, the transactions' one without RCVD; since 2017 they use the external code sets.
_CLOSED_LIST: Final = {"CANC": "RJCT", "PATC": "PDNG", "ACFC": "ACCP", "ACCC": "ACSC"}
_LAST_CLOSED_LIST: Final = "pain.002.001.07"
_ADDITIONAL_TEXT_LENGTH: Final = 105


class StatusReason(Struct, frozen=True, kw_only=True, gc=False):
    """`code` of the ISO external set; `text` of any length, sent in pieces of 105 characters."""

    code: str
    text: str = ""


class TransactionStatus(Struct, frozen=True, kw_only=True, gc=False):
    end_to_end_id: str
    instruction_id: str | None = None
    uetr: str | None = None
    status: str
    reasons: tuple[StatusReason, ...] = ()
    accepted_at: datetime | None = None
    servicer_reference: str | None = None
    """Our own reference of the payment, at most 35 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    payment_information_id: str
    status: str
    reasons: tuple[StatusReason, ...] = ()
    number_of_transactions: int | None = None
    control_sum: Decimal | None = None
    per_status: Mapping[str, int] = field(default_factory=dict)
    """How many transactions have which status, also those not listed one by one."""
    transactions: Sequence[TransactionStatus] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """`original_message_id` is NOTPROVIDED where none could be read."""

    message_id: str
    created_at: datetime
    original_message_id: str
    original_message_type: str
    original_created: str | None = None
    number_of_transactions: int | None = None
    control_sum: Decimal | None = None
    group_status: str
    reasons: tuple[StatusReason, ...] = ()
    per_status: Mapping[str, int] = field(default_factory=dict)
    payments: Sequence[PaymentStatus] = ()


def answer_version(message_type: str | None) -> str:
    return ANSWERS.get(message_type or "", DEFAULT_VERSION)


def roll_up(statuses: Iterable[str]) -> str:
    """The status of a block or a group from those below it.

    All equal gives that one; some rejected or cancelled gives PART; otherwise nothing is further than its slowest member.
    """
    found = {_GROUP_CODES.get(status, status) for status in statuses}
    assert found, "a block has at least one transaction"  # noqa: S101  # the schema guarantees it
    if len(found) == 1:
        return found.pop()
    if found & {"RJCT", "PART"}:
        return "PART"
    return min(found, key=_PROGRESS.index)


def write_pain002(report: StatusReport, *, version: str = DEFAULT_VERSION) -> bytes:
    """The message, checked against its schema: raises EmittedMessageInvalid instead of returning an invalid one."""
    document = "".join(_document(report, version)).encode()
    assert_valid(document, version)
    return document


def _document(report: StatusReport, version: str) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace_of(version)}"><CstmrPmtStsRpt>\n'
    yield f"<GrpHdr>{element('MsgId', report.message_id)}<CreDtTm>{date_time(report.created_at)}</CreDtTm></GrpHdr>\n"
    yield "<OrgnlGrpInfAndSts>"
    yield element("OrgnlMsgId", report.original_message_id)
    yield element("OrgnlMsgNmId", report.original_message_type)
    yield element("OrgnlCreDtTm", report.original_created)
    yield _count_and_sum(report.number_of_transactions, report.control_sum)
    yield f"<GrpSts>{_group_code(report.group_status, version)}</GrpSts>{_reasons(report.reasons)}"
    yield f"{_per_status(report.per_status, version)}</OrgnlGrpInfAndSts>\n"
    for payment in report.payments:
        yield from _payment(payment, version)
    yield "</CstmrPmtStsRpt></Document>\n"


def _payment(payment: PaymentStatus, version: str) -> Iterator[str]:
    yield f"<OrgnlPmtInfAndSts>{element('OrgnlPmtInfId', payment.payment_information_id)}"
    yield _count_and_sum(payment.number_of_transactions, payment.control_sum)
    yield f"<PmtInfSts>{_group_code(payment.status, version)}</PmtInfSts>{_reasons(payment.reasons)}"
    yield f"{_per_status(payment.per_status, version)}\n"
    has_uetr = version >= "pain.002.001.10"
    for transaction in payment.transactions:
        yield _transaction(transaction, version, has_uetr=has_uetr)
    yield "</OrgnlPmtInfAndSts>\n"


def _transaction(transaction: TransactionStatus, version: str, *, has_uetr: bool) -> str:
    status = _transaction_code(transaction.status, version)
    accepted = f"<AccptncDtTm>{date_time(transaction.accepted_at)}</AccptncDtTm>" if transaction.accepted_at else ""
    return (
        f"<TxInfAndSts>{element('OrgnlInstrId', transaction.instruction_id)}"
        f"<OrgnlEndToEndId>{escaped(transaction.end_to_end_id)}</OrgnlEndToEndId>"
        f"{element('OrgnlUETR', transaction.uetr) if has_uetr else ''}<TxSts>{status}</TxSts>{_reasons(transaction.reasons)}"
        f"{accepted}{element('AcctSvcrRef', transaction.servicer_reference)}</TxInfAndSts>\n"
    )


def _transaction_code(status: str, version: str) -> str:
    if version <= _LAST_CLOSED_LIST:
        return _CLOSED_LIST.get(status, "PDNG" if status == "RCVD" else status)
    return status


def _group_code(status: str, version: str) -> str:
    status = _GROUP_CODES.get(status, status)
    return _CLOSED_LIST.get(status, status) if version <= _LAST_CLOSED_LIST else status


def _count_and_sum(number: int | None, control_sum: Decimal | None) -> str:
    count = f"<OrgnlNbOfTxs>{number}</OrgnlNbOfTxs>" if number is not None else ""
    total = f"<OrgnlCtrlSum>{control_sum:f}</OrgnlCtrlSum>" if control_sum is not None else ""
    return count + total


def _per_status(per_status: Mapping[str, int], version: str) -> str:
    counts: Counter[str] = Counter()
    for status, count in per_status.items():
        counts[_transaction_code(status, version)] += count
    return "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{count}</DtldNbOfTxs><DtldSts>{status}</DtldSts></NbOfTxsPerSts>" for status, count in counts.items()
    )


def _reasons(reasons: tuple[StatusReason, ...]) -> str:
    return "".join(
        f"<StsRsnInf><Rsn><Cd>{reason.code}</Cd></Rsn>"
        f"{''.join(element('AddtlInf', piece) for piece in segments(reason.text, _ADDITIONAL_TEXT_LENGTH))}</StsRsnInf>"
        for reason in reasons
    )
