"""Says in Valkey that a tenant's configuration or standing changed: the hash `config:<tenant>` has `revision` and `status`.

PostgreSQL is the truth and every process asks it within a second anyway; the bell spares the wait to those who are in
Valkey already, such as the rate limiter's script. Nobody waits for it, and nothing fails without it.
"""

import logging
import time
from collections.abc import Iterable
from typing import Final

import redis
from django.db import DatabaseError, transaction

from payment_engine.redis import redis_client
from tenants import registry
from tenants.registry import TenantRecord

QUIET_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)
_quiet_until: float = 0.0


def bell_key(slug: str) -> str:
    return f"config:{slug}"


def ring_on_commit(*slugs: str) -> None:
    """Once the transaction around this call is committed: this process reads the registry anew, then the bell rings."""

    def announce() -> None:
        registry.forget()
        ring(*slugs)

    transaction.on_commit(announce)


def ring(*slugs: str) -> bool:
    """Write what the registry says of these tenants. False when the bell stays silent, never an exception."""
    try:
        return ring_all([registry.tenant_by_slug(slug) for slug in slugs])
    except DatabaseError as error:
        _log.warning("the bell could not be rung", extra={"failure": error})
        return False


def ring_all(tenants: Iterable[TenantRecord]) -> bool:
    """In one round trip. After a failure nothing is tried for a few seconds, so that no change waits for Valkey in vain."""
    global _quiet_until  # noqa: PLW0603  # one Valkey per process
    if time.monotonic() < _quiet_until:
        return False
    try:
        pipeline = redis_client().pipeline(transaction=False)
        for tenant in tenants:
            pipeline.hset(bell_key(tenant.slug), mapping={"revision": tenant.config_revision, "status": tenant.status})
        pipeline.execute()
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        _log.warning("Valkey is away; changes are seen by polling", extra={"failure": error})
        return False
    return True
