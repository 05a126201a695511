"""The thread of a web process that keeps registry and snapshots fresh, so that no request waits for them to be read."""

import logging
import threading
from collections.abc import Iterable
from functools import cache
from typing import Final

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from config_mgmt.bell import ring_all
from config_mgmt.snapshots import refresh_snapshots
from tenants.registry import TenantRecord, all_tenants

INTERVAL_SECONDS: Final = 0.5
_ROUNDS_BETWEEN_FULL_RINGS: Final = 120
_log = logging.getLogger(__name__)


class Refresher:
    """One round each half second. A database that is away is logged once per outage; what was read last stays in use."""

    def __init__(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="configuration-refresher", daemon=True)
        self._away = False
        self._rung: dict[str, tuple[int, str]] = {}
        self._rounds = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the round that is running; its connections are closed afterwards."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._interval_seconds):
                self._round()
        finally:
            connections.close_all()

    def _round(self) -> None:
        try:
            close_old_connections()
            refresh_snapshots()
            self._ring(all_tenants())
        except (DatabaseError, InterfaceError) as error:
            self._fail(error)
        except Exception:  # noqa: BLE001  # a thread's outermost loop: configuration that can't be compiled must not stop all refreshing
            _log.exception("configuration could not be refreshed")
        else:
            self._recover()

    def _ring(self, tenants: Iterable[TenantRecord]) -> None:
        """Tell Valkey of changes no operation rang for, and of everything once a minute: it may have forgotten."""
        if self._rounds % _ROUNDS_BETWEEN_FULL_RINGS == 0:
            self._rung.clear()
        self._rounds += 1
        moved = [tenant for tenant in tenants if self._rung.get(tenant.slug) != (tenant.config_revision, tenant.status)]
        if moved and ring_all(moved):
            self._rung.update({tenant.slug: (tenant.config_revision, tenant.status) for tenant in moved})

    def _fail(self, error: Exception) -> None:
        connections.close_all()
        if not self._away:
            _log.warning("the database is away; configuration stays as it was", extra={"failure": error})
        self._away = True

    def _recover(self) -> None:
        if self._away:
            _log.info("the database is back; configuration is followed again")
        self._away = False


@cache
def start_refresher() -> Refresher:
    """The refresher of this process, started at the first call."""
    refresher = Refresher()
    refresher.start()
    return refresher
