"""Background work on payments: proving the books, forgetting old answers and used-up limits."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from celery import shared_task
from django.db import DatabaseError
from prometheus_client import Gauge

from payments.operations import carry_out, retention, send_out
from payments.queries.verify import verify_tenant
from tenants.context import tenant_scope
from tenants.registry import TenantRecord, all_tenants
from tenants.tasking import PlatformTask

LEDGER_VIOLATIONS: Final = Gauge(
    "ledger_violations", "Violations the last verification found, over all tenants.", ["check"], multiprocess_mode="mostrecent"
)
LEDGER_VERIFIED: Final = Gauge(
    "ledger_verified_timestamp_seconds", "When the last verification of all tenants ended.", multiprocess_mode="mostrecent"
)
_log: Final = logging.getLogger(__name__)


@shared_task(name="payments.tasks.carry_out_payments")
def carry_out_payments() -> int:
    """Carry out what is due of the tenant it was sent for, batch by batch until nothing is. Many at once do no harm."""
    return sum(iter(carry_out.carry_out_payments, 0)) + sum(iter(send_out.send_out_payments, 0))


@shared_task(name="payments.tasks.verify_ledger", base=PlatformTask)
def verify_ledger() -> int:
    """Prove the books of every tenant; an ERROR in the log for each check that fails, the sums in `ledger_violations`."""
    found: Counter[str] = Counter()
    for tenant in all_tenants():
        found.update(_verify(tenant))
    for check, violations in found.items():
        LEDGER_VIOLATIONS.labels(check).set(violations)
    LEDGER_VERIFIED.set_to_current_time()
    return found.total()


def _verify(tenant: TenantRecord) -> dict[str, int]:
    with tenant_scope(tenant):
        verdicts = verify_tenant()
    for verdict in verdicts:
        if verdict.violation_count:
            facts = {"for_tenant": tenant.slug, "check": verdict.check, "violations": verdict.violation_count}
            _log.error("ledger violated", extra={**facts, "first": f"{verdict.violations[0].subject}: {verdict.violations[0].detail}"})
    return {verdict.check: verdict.violation_count for verdict in verdicts}


@shared_task(name="payments.tasks.forget_idempotency_keys", base=PlatformTask)
def forget_idempotency_keys() -> int:
    """Every hour, tenant by tenant, then the platform's. One that fails never stops the others."""
    of_tenants = sum(_forget(tenant, retention.forget_idempotency_keys) for tenant in all_tenants())
    return of_tenants + retention.forget_platform_idempotency_keys()


@shared_task(name="payments.tasks.forget_limit_usages", base=PlatformTask)
def forget_limit_usages() -> int:
    """Every day, in the same way."""
    return sum(_forget(tenant, retention.forget_limit_usages) for tenant in all_tenants())


def _forget(tenant: TenantRecord, forget: Callable[[], int]) -> int:
    try:
        with tenant_scope(tenant):
            return forget()
    except DatabaseError:
        _log.warning("old rows were not forgotten; they stay due", exc_info=True, extra={"for_tenant": tenant.slug})
        return 0
