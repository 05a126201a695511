"""The rounds of the sweeper: each is idempotent, claims with SKIP LOCKED, and does a bounded amount."""

import logging
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError, close_old_connections

from accounts.operations.fold import fold_balances
from config_mgmt.operations.changes import activate_due_changes
from iso20022.operations.following import follow_payments
from iso20022.operations.resume import resume_messages
from payments.operations.carry_out import carry_out_payments
from payments.operations.payment_types import activate_due_payment_types
from payments.operations.send_out import send_out_payments
from tenants.context import tenant_scope
from tenants.registry import all_tenants

_log: Final = logging.getLogger(__name__)
ROUNDS: Final[dict[str, Callable[[], int]]] = {
    "activate-due-changes": activate_due_changes,
    "activate-due-payment-types": activate_due_payment_types,
    "carry-out-payments": carry_out_payments,
    "send-out-payments": send_out_payments,
    "fold-balances": fold_balances,
    "resume-messages": resume_messages,
    "follow-payments": follow_payments,
}


def sweep_once() -> int:
    """Every round for every tenant; returns how much was done. A tenant that fails never stops the others."""
    done = 0
    for tenant in all_tenants():
        for name, work in ROUNDS.items():
            try:
                with tenant_scope(tenant):
                    done += work()
            except DatabaseError as error:
                _log.warning(
                    "a round of the sweeper failed", extra={"context": {"round": name, "tenant": tenant.slug, "error": str(error)}}
                )
                close_old_connections()
            except Exception:  # noqa: BLE001  # a worker's outermost loop: work that fails in an unforeseen way stays due, others go on
                _log.exception("a round of the sweeper failed", extra={"context": {"round": name, "tenant": tenant.slug}})
    return done
