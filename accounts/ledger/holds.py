"""Holds: money set aside for payments that are not completed yet. The one place that places and resolves them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from accounts.ledger.sql import alike, array_of, insert_rows, packed_ids, packed_new_ids, packed_numbers, rows_of
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_PLACE: Final = insert_rows(
    "holds",
    {"id": "uuid", "account_id": "uuid", "payment_id": "uuid", "amount_minor": "int8"},
    alike={"currency": "text"},
    expressions={"status": "'ACTIVE'"},
)
_RESOLVE: Final = """
UPDATE holds SET status = %s, resolved_at = now() WHERE payment_id = ANY (%s::uuid[]) AND tenant_id = %s AND status = 'ACTIVE'"""


class HoldDraft(Struct, frozen=True, kw_only=True):
    """What to set aside on an account for a payment, in minor units."""

    account_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str


def place_holds(transaction: PipelinedTransaction, holds: Sequence[HoldDraft]) -> None:
    """Queue them. The accounts are locked by this transaction; PostgreSQL moves what they hold, and refuses what is not available."""
    if not holds:
        return
    transaction.execute(
        _PLACE,
        rows_of(
            current_tenant_id(),
            [
                packed_new_ids(len(holds)),
                packed_ids([hold.account_id for hold in holds]),
                packed_ids([hold.payment_id for hold in holds]),
                packed_numbers("int8", [hold.amount_minor for hold in holds]),
            ],
            [alike([hold.currency for hold in holds], array_of)],
        ),
    )


def capture_holds(transaction: PipelinedTransaction, payment_ids: Sequence[UUID]) -> None:
    """Queue the end of these payments' holds: their postings take the money in this same transaction, after this."""
    _resolve(transaction, "CAPTURED", payment_ids)


def release_holds(transaction: PipelinedTransaction, payment_ids: Sequence[UUID]) -> None:
    """Queue the end of these payments' holds: the money is available again. A payment without one is passed over."""
    _resolve(transaction, "RELEASED", payment_ids)


def _resolve(transaction: PipelinedTransaction, status: str, payment_ids: Sequence[UUID]) -> None:
    if payment_ids:
        transaction.execute(_RESOLVE, [status, packed_ids(payment_ids), current_tenant_id()])
