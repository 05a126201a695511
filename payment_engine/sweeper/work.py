"""The rounds of the sweeper: each is idempotent, claims with SKIP LOCKED, and does a bounded amount."""

import logging
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError, close_old_connections

from accounts.operations.fold import fold_balances
from iso20022.operations.resume import resume_messages
from tenants.context import tenant_scope
from tenants.registry import all_tenants

_log: Final = logging.getLogger(__name__)
ROUNDS: Final[dict[str, Callable[[], int]]] = {"fold-balances": fold_balances, "resume-messages": resume_messages}


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
