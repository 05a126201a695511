"""Celery tasks that know their tenant, and the doorbell that wakes them.

The tenant travels in the message header `tenant_id` and is read again from the registry when the task runs: it may have
moved meanwhile. PostgreSQL says what work there is; a message only says "now". So a lost message, a broker that is away
and a database that fails while a task runs cost seconds, never work: a sweeper finds what is due.
"""

import logging
import threading
import time
from typing import Any, Final

from celery import Task, current_app
from celery.exceptions import Ignore
from django.db import InterfaceError, OperationalError, transaction
from kombu.exceptions import KombuError

from tenants.context import current_tenant_id, tenant_scope, use
from tenants.registry import tenant_by_slug

TENANT_HEADER: Final = "tenant_id"
QUIET_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class TenantTask(Task):  # type: ignore[type-arg]  # Celery's Task is generic in its stubs only
    """Runs in the tenant it was sent from. `tenant_required = False` marks a task of the platform: it runs in no scope."""

    abstract = True
    tenant_required = True

    # Celery's signatures are a dozen options long and are passed through as they come.
    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Send it for the tenant in context (or in the header given); raises TenantRequired without one."""
        return super().apply_async(args, kwargs, **self._with_tenant(options))

    def apply(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Run it here and now, by the same rule."""
        return super().apply(args, kwargs, **self._with_tenant(options))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """What a worker calls. A plain call from Python code runs in the tenant in context."""
        try:
            return self._run(args, kwargs)
        except (OperationalError, InterfaceError) as error:
            if self.request.called_directly:
                raise
            _log.warning("task met a database failure; its work stays due", extra={"task": self.name, "failure": error})
            raise Ignore from error

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        if not self.tenant_required:
            with use(None):
                return self.run(*args, **kwargs)
        slug = (self.request.headers or {}).get(TENANT_HEADER) or current_tenant_id()
        with use(None):
            tenant = tenant_by_slug(slug)
        with tenant_scope(tenant):
            return self.run(*args, **kwargs)

    def _with_tenant(self, options: dict[str, Any]) -> dict[str, Any]:
        if not self.tenant_required:
            return options
        headers = dict(options.get("headers") or {})
        headers[TENANT_HEADER] = headers.get(TENANT_HEADER) or current_tenant_id()
        return {**options, "headers": headers}


class PlatformTask(TenantTask):
    """A task of no tenant: housekeeping, and beat tasks that go through the tenants one by one."""

    abstract = True
    tenant_required = False


class _Doorbell:
    """Remembers for a few seconds that the broker is away, so that no request waits for it in vain."""

    def __init__(self) -> None:
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def ring(self, task: TenantTask | str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if time.monotonic() < self._quiet_until:
            return False
        try:
            if isinstance(task, str):
                headers = {TENANT_HEADER: current_tenant_id()}
                current_app.send_task(task, args, kwargs, headers=headers, retry=False, ignore_result=True)
            else:
                task.apply_async(args, kwargs, retry=False, ignore_result=True)
        except (KombuError, OSError) as error:
            self._fall_silent(task, error)
            return False
        return True

    def open(self) -> None:
        """Try the broker again at the next ring."""
        self._quiet_until = 0.0

    def _fall_silent(self, task: TenantTask | str, error: Exception) -> None:
        with self._lock:
            first = time.monotonic() >= self._quiet_until
            self._quiet_until = time.monotonic() + QUIET_SECONDS
        if first:
            _log.warning(
                "broker is away; the sweeper will find the work",
                extra={"task": task if isinstance(task, str) else task.name, "failure": error},
            )


doorbell: Final = _Doorbell()


def ring(task: TenantTask | str, *args: Any, **kwargs: Any) -> bool:  # noqa: ANN401  # a task's arguments
    """Wake a worker for this task, now; a task that is only named is one of the tenant in context.

    False when the broker is away: one warning, a short wait, no exception.
    """
    return doorbell.ring(task, args, kwargs)


def ring_on_commit(task: TenantTask | str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    """Wake a worker once the transaction around this call is committed (at once without one), for its tenant."""
    transaction.on_commit(lambda: ring(task, *args, **kwargs))
