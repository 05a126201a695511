"""Taking a pain.001: keep its bytes, claim its MsgId, book it, answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final

from django.conf import settings
from django.db import IntegrityError, transaction

from iso20022.answer import refusal_of
from iso20022.findings import Finding, Level, Tier
from iso20022.models import Message
from iso20022.operations.documents import Fingerprint, fingerprint_of, keep_document
from iso20022.operations.named_accounts import with_account_findings
from iso20022.operations.processing import LEASE, Progress, finding_document, process_message
from iso20022.operations.reporting import keep_report
from iso20022.pain001.reader import CreditTransferInitiation, read_pain001
from iso20022.pain001.rules import problem_text
from iso20022.parts import Part, path_of
from iso20022.wire import WireLimits
from payment_engine.clock import now, today

_FAMILY: Final = "pain001"
_CLAIM: Final = "message_id_unique_per_party"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`replayed`: these very bytes were taken before. `duplicate`: other bytes were taken under their MsgId before."""

    message: Message
    replayed: bool = False
    duplicate: bool = False


def wire_limits() -> WireLimits:
    return WireLimits(file_bytes=settings.MESSAGE_LIMIT_BYTES, encodings=frozenset(settings.ISO20022_ENCODINGS))


def validate_pain001(source: BinaryIO) -> CreditTransferInitiation:
    """Tiers 1 to 4 of a file, nothing stored; raises MalformedXml."""
    return read_pain001(source, today=today(), limits=wire_limits())


def read_to_book(source: BinaryIO, *, day: date) -> CreditTransferInitiation:
    """The file as it came in on that day, with what its accounts refuse of it as a block; raises MalformedXml."""
    return with_account_findings(read_pain001(source, today=day, limits=wire_limits()))


def receive_pain001(
    source: BinaryIO, *, created_by: str, correlation_id: str, seconds: float | None = None, on_progress: Progress | None = None
) -> Receipt:
    """Take a pain.001 of the tenant in context; raises MalformedXml for what is not XML, and then nothing is stored.

    A file refused as a whole is stored with its report and claims nothing. Otherwise its MsgId is claimed (with the
    initiating party), its bytes are stored, and its transfers are booked chunk by chunk. The same bytes again give the
    first message again; other bytes under a claimed MsgId are refused (DU01). After `seconds` the message is returned as
    it is: whoever calls wakes a worker, or the sweeper finds it.
    """
    reading = read_to_book(source, day=today())
    fingerprint = fingerprint_of(source)
    sender = _Sender(created_by=created_by, correlation_id=correlation_id)
    if reading.findings.refuse_group:
        return Receipt(message=_refuse(source, reading, fingerprint, sender, reading.findings.group_refusals))
    message = _claim(source, reading, fingerprint, sender)
    if message is not None:
        done = process_message(message_id=message.id, reading=reading, seconds=seconds, on_progress=on_progress)
        return Receipt(message=done)
    first = _claimed(reading)
    if bytes(first.document_sha256) == fingerprint.sha256:
        return Receipt(message=first, replayed=True)
    return Receipt(message=_refuse(source, reading, fingerprint, sender, [_duplicate_of(first, reading)]), duplicate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sender:
    created_by: str
    correlation_id: str


def _claim(source: BinaryIO, reading: CreditTransferInitiation, fingerprint: Fingerprint, sender: _Sender) -> Message | None:
    """The stored message, ready to be processed by this process or, after its lease, by any; None if its MsgId is taken."""
    message = _message(reading, fingerprint, sender)
    message.claims_message_id = True
    message.status = Message.Status.PROCESSING
    message.group_status = "PDNG"
    message.total = reading.transactions
    message.findings = [finding_document(finding) for finding in reading.findings.reported]
    message.findings_omitted = reading.findings.omitted
    message.next_attempt_at = now() + LEASE
    try:
        with transaction.atomic():
            message.save(force_insert=True)
            keep_document(message, source)
    except IntegrityError as error:
        if _CLAIM in str(error):
            return None
        raise
    return message


def _claimed(reading: CreditTransferInitiation) -> Message:
    assert reading.header is not None, "a file that may be processed has a header"  # noqa: S101
    return Message.objects.get(
        claims_message_id=True, family=_FAMILY, initiating_party=_party(reading), original_message_id=reading.header.message_id
    )


@transaction.atomic
def _refuse(
    source: BinaryIO, reading: CreditTransferInitiation, fingerprint: Fingerprint, sender: _Sender, refusals: Sequence[Finding]
) -> Message:
    """Store a file that is refused as a whole, with its report."""
    findings = reading.findings.reported or tuple(refusals)
    if not any(finding in findings for finding in refusals):
        findings = (*refusals, *findings)
    message = _message(reading, fingerprint, sender)
    message.status = Message.Status.REJECTED
    message.group_status = "RJCT"
    message.completed_at = now()
    message.total = message.processed = message.rejected = reading.transactions
    message.findings = [finding_document(finding) for finding in findings]
    message.findings_omitted = reading.findings.omitted
    message.save(force_insert=True)
    keep_document(message, source)
    keep_report(message, refusal_of(reading, refusals))
    return message


def _message(reading: CreditTransferInitiation, fingerprint: Fingerprint, sender: _Sender) -> Message:
    return Message(
        direction=Message.Direction.IN,
        family=_FAMILY,
        message_type=(reading.message_type or "")[:35],
        original_message_id=reading.header.message_id if reading.header else None,
        initiating_party=_party(reading),
        initiating_party_name=(reading.header and reading.header.initiating_party_name) or "",
        document_sha256=fingerprint.sha256,
        size_bytes=fingerprint.size_bytes,
        created_by=sender.created_by,
        correlation_id=sender.correlation_id,
    )


def _party(reading: CreditTransferInitiation) -> str:
    """By its identification where it has one: a name is spelled in many ways."""
    header = reading.header
    if header is None:
        return ""
    return f"{header.initiating_party_id}|" if header.initiating_party_id else f"|{header.initiating_party_name or ''}"


def _duplicate_of(first: Message, reading: CreditTransferInitiation) -> Finding:
    assert reading.header is not None, "only a message with an identification can be a duplicate"  # noqa: S101
    return Finding(
        tier=Tier.MESSAGE,
        code="DU01",
        level=Level.GROUP,
        path=f"{path_of(Part.GROUP_HEADER)}/MsgId",
        line=reading.header.line,
        text=problem_text("DU01", f"it is {first.public_id}"),
    )
