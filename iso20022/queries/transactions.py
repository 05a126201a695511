"""What became of the transactions of a message."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from msgspec import json

from iso20022.models import Message
from iso20022.pain002 import StatusReason, TransactionStatus
from payments.states import ISO_STATUS, WAITING
from tenants.context import current_tenant_id

UNDER_WAY: Final = frozenset(ISO_STATUS[status] for status in WAITING)
"""ISO 20022 statuses of transactions whose payment is not final."""
_COUNTS: Final = """
SELECT payment_index, payment_information_id, status, count(*) FROM iso20022_message_transactions
WHERE tenant_id = %s AND message_id = %s GROUP BY payment_index, payment_information_id, status ORDER BY payment_index, status"""
_ROWS: Final = """
SELECT payment_index, instruction_id, end_to_end_id, uetr, status, reason_code, reason, further_reasons, payment_id
FROM iso20022_message_transactions
WHERE tenant_id = %s AND message_id = %s AND (%s OR status = 'RJCT') ORDER BY payment_index, transaction_index"""
_UNDER_WAY: Final = """
SELECT EXISTS (SELECT FROM iso20022_message_transactions WHERE tenant_id = %s AND message_id = %s AND status = ANY (%s))"""
_PLACES: Final = """
SELECT t.payment_id, m.original_message_id, t.payment_information_id, t.instruction_id, p.metadata ->> 'creditorReference',
    p.parties #>> '{ultimateDebtor,name}', p.parties #>> '{ultimateCreditor,name}'
FROM iso20022_message_transactions t
JOIN iso20022_messages m ON m.id = t.message_id
JOIN transactions p ON p.id = t.payment_id
WHERE t.tenant_id = %s AND t.payment_id = ANY (%s::uuid[])"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCounts:
    """How many transactions of a payment block have which status."""

    payment_index: int
    payment_information_id: str
    per_status: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInMessage:
    """Where a payment stood in the file that ordered it, and what that says of it beyond what every payment has."""

    message_id: str | None = None
    payment_information_id: str | None = None
    instruction_id: str | None = None
    creditor_reference: str | None = None
    ultimate_debtor_name: str | None = None
    ultimate_creditor_name: str | None = None


def block_counts(message: Message) -> list[BlockCounts]:
    blocks: dict[int, BlockCounts] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [current_tenant_id(), message.id])
        for payment_index, payment_information_id, status, count in cursor.fetchall():
            block = blocks.setdefault(
                payment_index, BlockCounts(payment_index=payment_index, payment_information_id=payment_information_id, per_status={})
            )
            block.per_status[status] = count
    return list(blocks.values())


def has_payments_under_way(message: Message) -> bool:
    """Whether a payment of the message waits for an approval, a worker or a rail, as far as its rows tell."""
    with connection.cursor() as cursor:
        cursor.execute(_UNDER_WAY, [current_tenant_id(), message.id, sorted(UNDER_WAY)])
        (found,) = cursor.fetchone()
    return bool(found)


def transaction_statuses(message: Message, *, accepted_too: bool) -> Iterator[tuple[int, TransactionStatus]]:
    """The transactions in file order with the number of their block; only the rejected ones unless `accepted_too`."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [current_tenant_id(), message.id, accepted_too])
        rows = cursor.fetchall()
        for payment_index, instruction_id, end_to_end_id, uetr, status, reason_code, reason, further_reasons, payment_id in rows:
            yield (
                payment_index,
                TransactionStatus(
                    instruction_id=instruction_id,
                    end_to_end_id=end_to_end_id,
                    uetr=str(uetr) if uetr else None,
                    status=status,
                    reasons=_reasons(reason_code, reason, further_reasons),
                    servicer_reference=payment_id.hex if payment_id and status != "RJCT" else None,
                ),
            )


def _reasons(code: str | None, text: str | None, further: str | None) -> tuple[StatusReason, ...]:
    if code is None:
        return ()
    return (StatusReason(code=code, text=text or ""), *(json.decode(further, type=list[StatusReason]) if further else ()))


def places_in_messages(payment_ids: list[UUID]) -> dict[UUID, PlaceInMessage]:
    """Of those payments that came in a message."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [current_tenant_id(), payment_ids])
        return {
            payment_id: PlaceInMessage(
                message_id=message_id,
                payment_information_id=payment_information_id,
                instruction_id=instruction_id,
                creditor_reference=creditor_reference,
                ultimate_debtor_name=ultimate_debtor_name,
                ultimate_creditor_name=ultimate_creditor_name,
            )
            for (
                payment_id,
                message_id,
                payment_information_id,
                instruction_id,
                creditor_reference,
                ultimate_debtor_name,
                ultimate_creditor_name,
            ) in cursor.fetchall()
        }
