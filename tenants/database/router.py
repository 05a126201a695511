"""Which connection a query takes: reads in a platform scope go to the platform login, everything else to the default.

The scope alone decides. Where an object came from does not count: one read across tenants, carried into a tenant's scope,
is read again and saved with the tenant's eyes.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from tenants import context


class TenancyRouter(TenantSyncRouter):  # type: ignore[misc]  # django-tenants ships no types
    """django-tenants decides what is migrated where; this adds the platform login for tenant-owned tables."""

    def db_for_read(self, model: Any, **_hints: object) -> str | None:  # noqa: ANN401
        if not _is_tenant_owned(model):
            return None
        scope = context.current_scope()
        return "platform" if scope is not None and scope.platform else "default"

    def db_for_write(self, model: Any, **_hints: object) -> str | None:  # noqa: ANN401
        return "default" if _is_tenant_owned(model) else None

    def allow_relation(self, *_args: object, **_hints: object) -> bool:
        """Both logins see one database, so rows read by either belong together."""
        return True


def _is_tenant_owned(model: Any) -> bool:  # noqa: ANN401
    return apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS  # noqa: SLF001
