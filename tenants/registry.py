"""The tenants of this engine as plain records, cached per process for at most a second.

A suspension, a move or a change of configuration is therefore seen by every process within a second, without a query per request.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

from django.db import connection

from tenants.context import use
from tenants.database.on_loop import off_loop
from tenants.errors import TenantUnknown
from tenants.models import Tenant

STALENESS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRecord:
    slug: str
    reference: str
    name: str
    status: str
    schema: str
    config_revision: int
    awaits_schema: bool = False

    @property
    def is_active(self) -> bool:
        return self.status == Tenant.Status.ACTIVE


_lock = threading.Lock()
_records: dict[str, TenantRecord] = {}
_expires_at = 0.0


def all_tenants() -> list[TenantRecord]:
    """Every tenant, ordered by slug."""
    return list(_current().values())


def tenant_by_slug(slug: str) -> TenantRecord:
    try:
        return _current()[slug]
    except KeyError:
        raise TenantUnknown("there is no such tenant") from None


def tenant_by_slug_or_reference(text: str) -> TenantRecord:
    """The tenant named by its slug (`demo-bank`) or its number (`TIDLT-100008`); raises TenantUnknown."""
    if text.startswith("TIDLT-"):
        for record in _current().values():
            if record.reference == text:
                return record
    return tenant_by_slug(text)


def config_revision_of(slug: str) -> int:
    """The revision as the database has it now."""
    with use(None):
        return int(Tenant.objects.values_list("config_revision", flat=True).get(slug=slug))


def forget() -> None:
    """Drop the cache: the next look-up in this process reads the database."""
    global _expires_at  # noqa: PLW0603  # one cache per process is the point
    _expires_at = 0.0


def refresh() -> None:
    """Read the registry now, whatever the cache's age: for a thread that keeps it fresh, so that requests never wait for it."""
    global _records, _expires_at
    records = _load()
    with _lock:
        _records, _expires_at = records, time.monotonic() + STALENESS_SECONDS


def _current() -> dict[str, TenantRecord]:
    return _records if time.monotonic() < _expires_at else off_loop(_renewed)


def _renewed() -> dict[str, TenantRecord]:
    global _records, _expires_at  # noqa: PLW0603
    if connection.in_atomic_block:  # may see what is never committed: nothing to keep
        return _load()
    with _lock:
        if time.monotonic() >= _expires_at:
            _records = _load()
            _expires_at = time.monotonic() + STALENESS_SECONDS
        return _records


def _load() -> dict[str, TenantRecord]:
    with use(None):  # the registry is public: no tenant is needed to read it
        rows = Tenant.objects.order_by("slug").values_list(
            "slug", "reference", "name", "status", "placement__schema_name", "config_revision", "requested"
        )
        return {
            slug: TenantRecord(
                slug=slug,
                reference=reference,
                name=name,
                status=status,
                schema=schema,
                config_revision=revision,
                awaits_schema=requested is not None,
            )
            for slug, reference, name, status, schema, revision, requested in rows
        }
