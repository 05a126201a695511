"""The tenants of this engine as plain records, cached per process for at most two seconds.

A suspension or a move is therefore seen by every process within two seconds, without a query per request.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

from tenants.context import use
from tenants.errors import TenantUnknown
from tenants.models import Tenant

STALENESS_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRecord:
    slug: str
    reference: str
    name: str
    status: str
    schema: str

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


def forget() -> None:
    """Drop the cache: the next look-up in this process reads the database."""
    global _expires_at  # noqa: PLW0603  # one cache per process is the point
    _expires_at = 0.0


def _current() -> dict[str, TenantRecord]:
    global _records, _expires_at  # noqa: PLW0603
    if time.monotonic() >= _expires_at:
        with _lock:
            if time.monotonic() >= _expires_at:
                _records = _load()
                _expires_at = time.monotonic() + STALENESS_SECONDS
    return _records


def _load() -> dict[str, TenantRecord]:
    with use(None):  # the registry is public: no tenant is needed to read it
        rows = Tenant.objects.order_by("slug").values_list("slug", "reference", "name", "status", "placement__schema_name")
        return {
            slug: TenantRecord(slug=slug, reference=ref, name=name, status=status, schema=schema)
            for slug, ref, name, status, schema in rows
        }
