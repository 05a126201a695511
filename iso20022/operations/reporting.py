"""The pain.002 that answers a message: built from what is stored, kept as a message of its own."""

import io
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import Final

from iso20022.answer import payment_status, report_of
from iso20022.models import Message
from iso20022.operations.documents import fingerprint_of, keep_document
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.pain002 import StatusReport, answer_version, roll_up, write_pain002
from iso20022.queries.transactions import block_counts, transaction_statuses
from payment_engine.clock import now

_LISTED_AT_MOST: Final = 20_000
"""The report on a longer file lists what was refused one by one, and counts the rest."""


def report_on(message: Message, reading: CreditTransferInitiation) -> StatusReport:
    """The report on a message whose transactions are all through."""
    rows = transaction_statuses(message, accepted_too=message.total <= _LISTED_AT_MOST)
    listed = {index: [status for _, status in group] for index, group in groupby(rows, itemgetter(0))}
    blocks = block_counts(message)
    totals: Counter[str] = Counter()
    for block in blocks:
        totals.update(block.per_status)
    payments = [payment_status(reading, block.payment_index, block.per_status, listed.get(block.payment_index, ())) for block in blocks]
    return report_of(reading, group_status=roll_up(payment.status for payment in payments), per_status=totals, payments=payments)


def keep_report(message: Message, report: StatusReport) -> Message:
    """Write, check and store the report as a message that goes out, in the transaction around this call."""
    version = answer_version(message.message_type)
    document = io.BytesIO(write_pain002(report, version=version))
    fingerprint = fingerprint_of(document)
    stored = Message.objects.create(
        direction=Message.Direction.OUT,
        family="pain002",
        message_type=version,
        original_message_id=report.message_id,
        document_sha256=fingerprint.sha256,
        size_bytes=fingerprint.size_bytes,
        status=Message.Status.COMPLETED,
        group_status=report.group_status,
        answers=message,
        created_by=message.created_by,
        correlation_id=message.correlation_id,
        completed_at=now(),
    )
    keep_document(stored, document)
    return stored
