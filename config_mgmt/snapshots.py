"""Compiled configuration per process and tenant: immutable, replaced as a whole, never waited for.

`Tenant.config_revision` counts every change of a tenant's configuration, moved by PostgreSQL triggers in the transaction
of the change. A snapshot is current while that number stands still; the registry reads it once a second.
"""

import threading
import weakref
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from django.db import connection

from tenants import registry
from tenants.context import current_tenant_id, tenant_scope
from tenants.database.on_loop import off_loop
from tenants.registry import TenantRecord

T = TypeVar("T")
_ATTEMPTS: Final = 5
_caches: "weakref.WeakSet[SnapshotCache[object]]" = weakref.WeakSet()


class SnapshotCache(Generic[T]):
    """One kind of compiled configuration of every tenant this process serves.

    `load` reads it in the scope of the tenant, given the revision it is read at. It runs again when the revision has
    moved; while the web process's refresher runs, that happens in its thread and `current` reads memory alone.
    """

    def __init__(self, load: Callable[[int], T]) -> None:
        self._load = load
        self._entries: dict[str, tuple[int, T]] = {}
        self._lock = threading.Lock()
        _caches.add(self)  # type: ignore[arg-type]  # the set only refreshes and forgets

    def current(self) -> T:
        """The snapshot of the tenant in context."""
        tenant = registry.tenant_by_slug(current_tenant_id())
        entry = self._entries.get(tenant.slug)
        if entry is not None and entry[0] >= tenant.config_revision:
            return entry[1]
        return off_loop(self._renewed, tenant)

    def refresh(self, tenant: TenantRecord) -> None:
        """Read it again if this process holds an outdated one."""
        entry = self._entries.get(tenant.slug)
        if entry is not None and entry[0] < tenant.config_revision:
            with tenant_scope(tenant):
                self.current()

    def forget(self) -> None:
        self._entries.clear()

    def _renewed(self, tenant: TenantRecord) -> T:
        if connection.in_atomic_block:  # may see a change that is never committed: nothing to keep
            return self._read(tenant)[1]
        with self._lock:
            entry = self._entries.get(tenant.slug)
            if entry is None or entry[0] < tenant.config_revision:
                entry = self._entries[tenant.slug] = self._read(tenant)
        return entry[1]

    def _read(self, tenant: TenantRecord) -> tuple[int, T]:
        """Under a revision that stood still meanwhile, so that the number names exactly what was read; while it never stands
        still, under that of before. The database is asked for it: the registry may know one that was not committed."""
        latest = registry.config_revision_of(tenant.slug)
        for _ in range(_ATTEMPTS):
            revision = latest
            value = self._load(revision)
            latest = registry.config_revision_of(tenant.slug)
            if latest == revision:
                break
        return revision, value


def refresh_snapshots() -> None:
    """Read the registry, then whatever configuration has changed: the work of the refresher's thread."""
    registry.refresh()
    for tenant in registry.all_tenants():
        for cache in list(_caches):
            cache.refresh(tenant)


def forget_snapshots() -> None:
    """Drop every snapshot of this process, and the registry they are compared with."""
    for cache in list(_caches):
        cache.forget()
    registry.forget()
