"""Messages as the API tells them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from iso20022.models import Message
from iso20022.operations.processing import finding_document
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.pain002 import StatusReport
from payment_engine.api.json import Output
from payment_engine.ids import public_id

GroupStatus = Literal["ACSC", "ACSP", "ACCP", "ACTC", "ACWC", "ACCC", "RCVD", "PART", "RJCT", "PDNG"]


class FindingOutput(Output, frozen=True, kw_only=True):
    """Something wrong or noteworthy: tier 1 wire, 2 schema, 3 message rules, 4 profile, 5 accounts."""

    tier: int
    code: str
    level: Literal["group", "payment", "transaction"]
    severity: Literal["refuses", "warns"]
    path: str
    line: int
    text: str


class TransactionCounts(Output, frozen=True, kw_only=True):
    accepted: int
    rejected: int


class MessageAnswer(Output, frozen=True, kw_only=True):
    """What became of a message. Without `messageId` and `report` it was only looked at (`validateOnly`)."""

    original_message_id: str | None
    group_status: GroupStatus
    transactions: TransactionCounts
    findings: list[FindingOutput]
    findings_omitted: int
    message_id: str | UnsetType = UNSET
    report: str | UnsetType = UNSET


class MessageOutput(Output, frozen=True, kw_only=True):
    """A message that came in or went out."""

    message_id: str
    direction: Literal["IN", "OUT"]
    type: str
    original_message_id: str | None
    status: Literal["RECEIVED", "PROCESSING", "COMPLETED", "REJECTED"]
    group_status: GroupStatus
    processed: int
    total: int
    transactions: TransactionCounts
    size_bytes: int
    created_at: datetime
    completed_at: datetime | None
    document: str
    answers: str | None
    report: str | None


class MessageDetails(MessageOutput, frozen=True, kw_only=True):
    """A message with its findings."""

    findings: list[FindingOutput]
    findings_omitted: int


def message_answer(message: Message) -> MessageAnswer:
    return MessageAnswer(
        message_id=message.public_id,
        original_message_id=message.original_message_id,
        group_status=_group_status(message.group_status),
        transactions=TransactionCounts(accepted=message.accepted, rejected=message.rejected),
        findings=_findings(message.findings),
        findings_omitted=message.findings_omitted,
        report=f"{_address(message)}/report" if message.is_final else UNSET,
    )


def preview_answer(reading: CreditTransferInitiation, report: StatusReport) -> MessageAnswer:
    rejected = report.per_status.get("RJCT", 0) if report.payments else reading.transactions
    return MessageAnswer(
        original_message_id=reading.header.message_id if reading.header else None,
        group_status=_group_status(report.group_status),
        transactions=TransactionCounts(accepted=reading.transactions - rejected, rejected=rejected),
        findings=_findings([finding_document(finding) for finding in reading.findings.reported]),
        findings_omitted=reading.findings.omitted,
    )


def message_output(message: Message) -> MessageOutput:
    return MessageOutput(**_members(message))


def message_details(message: Message) -> MessageDetails:
    return MessageDetails(**_members(message), findings=_findings(message.findings), findings_omitted=message.findings_omitted)


def _members(message: Message) -> Mapping[str, Any]:
    return {
        "message_id": message.public_id,
        "direction": message.direction,
        "type": message.message_type,
        "original_message_id": message.original_message_id,
        "status": message.status,
        "group_status": _group_status(message.group_status),
        "processed": message.processed,
        "total": message.total,
        "transactions": TransactionCounts(accepted=message.accepted, rejected=message.rejected),
        "size_bytes": message.size_bytes,
        "created_at": message.created_at,
        "completed_at": message.completed_at,
        "document": f"{_address(message)}/document",
        "answers": public_id("msg", message.answers_id) if message.answers_id else None,
        "report": f"{_address(message)}/report" if message.direction == Message.Direction.IN and message.is_final else None,
    }


def _findings(documents: list[dict[str, object]]) -> list[FindingOutput]:
    return msgspec.convert(documents, list[FindingOutput])


def _group_status(status: str) -> GroupStatus:
    return msgspec.convert(status, GroupStatus)  # type: ignore[no-any-return]  # a Literal is no class to mypy


def _address(message: Message) -> str:
    return f"/api/v1/iso20022/messages/{message.public_id}"
