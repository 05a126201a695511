"""Background work on accounts."""

import logging
from typing import Final

from celery import shared_task
from django.db import DatabaseError

from accounts.operations import fold
from accounts.queries.unfolded import tenants_with_deltas
from tenants.context import tenant_scope
from tenants.registry import TenantRecord, all_tenants
from tenants.tasking import PlatformTask

_BATCH: Final = 1000
_BATCHES_MAX: Final = 100
_log: Final = logging.getLogger(__name__)


@shared_task(name="accounts.tasks.fold_balances", base=PlatformTask)
def fold_balances() -> int:
    """Every five seconds: fold for the tenants that have something to fold. One that fails never stops the others."""
    tenants = all_tenants()
    due = set().union(*(tenants_with_deltas(schema) for schema in {tenant.schema for tenant in tenants}))
    return sum(_fold(tenant) for tenant in tenants if tenant.slug in due)


def _fold(tenant: TenantRecord) -> int:
    folded = 0
    try:
        with tenant_scope(tenant):
            for _ in range(_BATCHES_MAX):
                moved = fold.fold_balances(limit=_BATCH)
                folded += moved
                if moved < _BATCH:
                    break
    except DatabaseError:
        _log.warning("balances were not folded; they stay due", exc_info=True, extra={"for_tenant": tenant.slug})
    return folded
