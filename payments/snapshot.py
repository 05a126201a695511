"""What the rules read of a tenant's configuration, per process, at most one second old; reading it costs no I/O."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.operations.shared_accounts import ensure_shared_account
from accounts.queries.shared_accounts import shared_account_ids
from payments.models import PaymentType
from payments.terms import PaymentTerms
from tenants.context import current_tenant_id

STALENESS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`version` counts the tenant's payment type versions: it grows with every change of them."""

    version: int
    terms: Mapping[str, PaymentTerms]
    fee_accounts: dict[str, UUID]
    loaded_at: float = field(default_factory=time.monotonic)


_lock = threading.Lock()
_snapshots: dict[str, Snapshot] = {}


def current_snapshot() -> Snapshot:
    """The snapshot of the tenant in context."""
    tenant_id = current_tenant_id()
    snapshot = _snapshots.get(tenant_id)
    if snapshot is not None and time.monotonic() - snapshot.loaded_at < STALENESS_SECONDS:
        return snapshot
    with _lock:
        snapshot = _snapshots.get(tenant_id)
        if snapshot is None or time.monotonic() - snapshot.loaded_at >= STALENESS_SECONDS:
            snapshot = _snapshots[tenant_id] = _load()
    return snapshot


def fee_account(snapshot: Snapshot, currency: str) -> UUID:
    """The tenant's fee account in the currency, opened at the first fee ever taken in it."""
    known = snapshot.fee_accounts.get(currency)
    if known is None:
        known = ensure_shared_account(role="FEE", currency=currency)
        if not connection.in_atomic_block:  # what is not committed may vanish, and other threads can't see it
            snapshot.fee_accounts[currency] = known
    return known


def forget() -> None:
    """Drop every snapshot of this process."""
    _snapshots.clear()


def _load() -> Snapshot:
    terms: dict[str, PaymentTerms] = {}
    versions = 0
    for row in PaymentType.objects.exclude(status=PaymentType.Status.DRAFT).order_by("version"):
        versions += 1
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
    return Snapshot(version=versions, terms=terms, fee_accounts=shared_account_ids("FEE"))
