"""Booking a message that was taken, chunk by chunk: each chunk's payments, rows and the message's cursor commit together.

So a process may die anywhere: whoever goes on reads the file again, skips what is processed, and books the rest once.
Two that work on one message take turns at its row lock and never book a transfer twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction

from events.models import OutboxEvent
from iso20022.findings import REPORTED_AT_MOST, Finding
from iso20022.models import Message
from iso20022.operations.booking import BookedChunk, Transfer, book_chunk
from iso20022.operations.reporting import keep_report, report_on
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.queries.transactions import has_payments_under_way
from payment_engine.clock import now
from payment_engine.observability.metrics import count_payments
from payments.snapshot import current_snapshot
from tenants.context import current_tenant_id

CHUNK: Final = 1000
LEASE: Final = timedelta(seconds=30)
"""A message whose cursor did not move for so long is taken up by the sweeper."""
FIRST_LOOK: Final = timedelta(seconds=1)
"""After the report, for payments that were not final in it: see iso20022.operations.following."""
Progress = Callable[[int, int], None]
"""Is told how many transactions of how many are through, after each chunk."""


def process_message(
    *, message_id: UUID, reading: CreditTransferInitiation, seconds: float | None = None, on_progress: Progress | None = None
) -> Message:
    """Book what is left of a message and report on it; returns it as it is then, unfinished if `seconds` were not enough."""
    deadline = None if seconds is None else time.monotonic() + seconds
    position = 0
    current_snapshot()  # read before there is a transaction: what one reads is not kept, and every chunk would read it again
    with closing(_chunks(reading)) as chunks:
        for chunk in chunks:
            booked = _advance(message_id, reading, chunk, position)
            if booked is None:
                break
            _count(booked)
            position += len(chunk)
            if on_progress is not None:
                on_progress(position, reading.transactions)
            if deadline is not None and time.monotonic() > deadline and position < reading.transactions:
                return Message.objects.get(id=message_id)
    return _finish(message_id, reading)


def _chunks(reading: CreditTransferInitiation) -> Generator[list[Transfer], None, None]:
    """One chunk ahead: a thread reads the next while PostgreSQL books the one before. A short file is read here and now."""
    transfers = reading.transfers()
    if reading.transactions <= CHUNK:
        yield list(transfers)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="pain001-reader") as reader:
        ahead = reader.submit(_read_chunk, transfers)
        while chunk := ahead.result():
            ahead = reader.submit(_read_chunk, transfers)
            yield chunk


def _read_chunk(transfers: Iterator[Transfer]) -> list[Transfer]:
    return list(islice(transfers, CHUNK))


@transaction.atomic
def _advance(message_id: UUID, reading: CreditTransferInitiation, chunk: list[Transfer], position: int) -> BookedChunk | None:
    """Book the part of a chunk that nobody has booked yet. None once the message is final."""
    message = Message.objects.select_for_update(no_key=True).get(id=message_id)
    if message.is_final:
        return None
    booked = BookedChunk()
    todo = chunk[max(message.processed - position, 0) :]
    if todo:
        booked = book_chunk(message, reading, todo)
        accepted = sum(verdict.accepted for verdict in booked.verdicts)
        message.processed += len(todo)
        message.accepted += accepted
        message.rejected += len(todo) - accepted
        _add_findings(message, booked.findings)
    message.next_attempt_at = now() + LEASE
    message.save(update_fields=["processed", "accepted", "rejected", "findings", "findings_omitted", "next_attempt_at"])
    return booked


@transaction.atomic
def _finish(message_id: UUID, reading: CreditTransferInitiation) -> Message:
    """Report, once: who comes second finds it done."""
    message = Message.objects.select_for_update(no_key=True).get(id=message_id)
    if message.is_final:
        return message
    report = report_on(message, reading)
    keep_report(message, report)
    message.group_status = report.group_status
    message.status = Message.Status.REJECTED if report.group_status == "RJCT" else Message.Status.COMPLETED
    message.completed_at = now()
    message.next_attempt_at = now() + FIRST_LOOK if has_payments_under_way(message) else None
    message.save(update_fields=["group_status", "status", "completed_at", "next_attempt_at"])
    OutboxEvent.objects.create(topic="message.completed", subject_id=message.id, correlation_id=message.correlation_id)
    return message


def _count(booked: BookedChunk) -> None:
    payments = (verdict.payment for verdict in booked.verdicts)
    counts = Counter((payment.payment_type, payment.status.value) if payment else ("", "REFUSED") for payment in payments)
    for (payment_type, status), count in counts.items():
        count_payments(tenant=current_tenant_id(), payment_type=payment_type, status=status, count=count)


def _add_findings(message: Message, findings: list[Finding]) -> None:
    room = max(REPORTED_AT_MOST - len(message.findings), 0)
    message.findings = [*message.findings, *(finding_document(finding) for finding in findings[:room])]
    message.findings_omitted += len(findings[room:])


def finding_document(finding: Finding) -> dict[str, object]:
    """A finding as it is stored and as the API tells it."""
    return {
        "tier": int(finding.tier),
        "code": finding.code,
        "level": finding.level.value,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.line,
        "text": finding.text,
    }
