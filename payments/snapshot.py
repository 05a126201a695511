"""What the rules read of a tenant's configuration, per process, at most one second old; reading it costs no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.operations.shared_accounts import ensure_shared_account
from accounts.queries.shared_accounts import shared_account_ids
from config_mgmt.snapshots import SnapshotCache
from payments.models import PaymentType
from payments.terms import PaymentTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`version` is the tenant's configuration revision: it grows with every change of what is configuration."""

    version: int
    terms: Mapping[str, PaymentTerms]
    fee_accounts: dict[str, UUID]


def current_snapshot() -> Snapshot:
    """The snapshot of the tenant in context."""
    return _snapshots.current()


def fee_account(snapshot: Snapshot, currency: str) -> UUID:
    """The tenant's fee account in the currency, opened at the first fee ever taken in it."""
    known = snapshot.fee_accounts.get(currency)
    if known is None:
        known = ensure_shared_account(role="FEE", currency=currency)
        if not connection.in_atomic_block:  # what is not committed may vanish, and other threads can't see it
            snapshot.fee_accounts[currency] = known
    return known


def _load(revision: int) -> Snapshot:
    terms: dict[str, PaymentTerms] = {}
    for row in PaymentType.objects.exclude(status=PaymentType.Status.DRAFT).order_by("version"):
        active = row.status == PaymentType.Status.ACTIVE
        if active or row.code not in terms or not terms[row.code].active:
            terms[row.code] = PaymentTerms(
                code=row.code,
                version=row.version,
                active=active,
                currencies=frozenset(row.currencies),
                min_amount=row.min_amount,
                max_amount=row.max_amount,
                daily_limit=row.daily_limit,
                processing_fee=row.processing_fee,
            )
    return Snapshot(version=revision, terms=terms, fee_accounts=shared_account_ids("FEE"))


_snapshots: Final = SnapshotCache(_load)
