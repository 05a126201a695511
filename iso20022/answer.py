"""From a pain.001 as read to the pain.002 that answers it. Pure: what was booked is passed in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from iso20022.findings import Finding
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.pain001.values import CreditTransfer, RefusedTransfer
from iso20022.pain002 import NOT_PROVIDED, PaymentStatus, StatusReason, StatusReport, TransactionStatus, roll_up
from payment_engine.clock import now
from payment_engine.ids import new_id

REASONS_AT_MOST = 20


def report_of(
    reading: CreditTransferInitiation,
    *,
    group_status: str,
    reasons: tuple[StatusReason, ...] = (),
    per_status: Mapping[str, int] | None = None,
    payments: Sequence[PaymentStatus] = (),
) -> StatusReport:
    header = reading.header
    return StatusReport(
        message_id=new_id().hex,
        created_at=now(),
        original_message_id=header.message_id if header else NOT_PROVIDED,
        original_message_type=(reading.message_type or NOT_PROVIDED)[:35],
        original_created=header.created if header else None,
        number_of_transactions=header.number_of_transactions if header else None,
        control_sum=header.control_sum if header else None,
        group_status=group_status,
        reasons=reasons,
        per_status=per_status or {},
        payments=payments,
    )


def refusal_of(reading: CreditTransferInitiation, refusals: Sequence[Finding]) -> StatusReport:
    """The report on a message that is refused as a whole: the group's status and why, nothing below it."""
    return report_of(reading, group_status="RJCT", reasons=reasons_of(refusals))


def preview_of(reading: CreditTransferInitiation) -> StatusReport:
    """The report on a message that was only looked at: what could be booked as far as the file tells is ACCP."""
    if reading.findings.refuse_group:
        return refusal_of(reading, reading.findings.group_refusals)
    payments = []
    totals: Counter[str] = Counter()
    for index, transfers in groupby(reading.transfers(), lambda transfer: transfer.payment_index):
        per_status: Counter[str] = Counter()
        listed: list[TransactionStatus] = []
        for transfer in transfers:
            status = preview_status(reading, transfer)
            per_status[status] += 1
            if isinstance(transfer, RefusedTransfer):
                listed.append(_refused(transfer))
        totals.update(per_status)
        payments.append(payment_status(reading, index, per_status, listed))
    return report_of(reading, group_status=roll_up(payment.status for payment in payments), per_status=totals, payments=payments)


def preview_status(reading: CreditTransferInitiation, transfer: CreditTransfer | RefusedTransfer) -> str:
    refused = isinstance(transfer, RefusedTransfer) or transfer.payment_index in reading.findings.payment_refusals
    return "RJCT" if refused else "ACCP"


def payment_status(
    reading: CreditTransferInitiation, index: int, per_status: Mapping[str, int], listed: Sequence[TransactionStatus]
) -> PaymentStatus:
    """The status of a payment block; the transactions of a block that was refused as one are not listed."""
    payment = reading.payments[index]
    refusals = reading.findings.payment_refusals.get(index, ())
    return PaymentStatus(
        payment_information_id=payment.payment_information_id,
        status=roll_up(per_status),
        reasons=reasons_of(refusals),
        number_of_transactions=payment.transactions,
        control_sum=payment.control_sum if _fits(payment.control_sum) else None,
        per_status=per_status,
        transactions=() if refusals else listed,
    )


def reasons_of(refusals: Sequence[Finding]) -> tuple[StatusReason, ...]:
    """Each with the place it is about; the first 20."""
    return tuple(
        StatusReason(code=finding.code, text=f"{finding.text} Line {finding.line}, {finding.path}")
        for finding in refusals[:REASONS_AT_MOST]
    )


def _refused(transfer: RefusedTransfer) -> TransactionStatus:
    return TransactionStatus(
        instruction_id=transfer.instruction_id,
        end_to_end_id=transfer.end_to_end_id,
        uetr=transfer.uetr,
        status="RJCT",
        reasons=reasons_of(transfer.findings),
    )


def _fits(control_sum: Decimal) -> bool:
    """The schema's control sum has 18 digits; a sum of many huge amounts may have more."""
    return len(control_sum.as_tuple().digits) <= 18  # noqa: PLR2004  # see above
