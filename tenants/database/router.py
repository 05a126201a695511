"""Which connection a query takes: reads in a platform scope go to the platform login, everything else to the default."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from tenants import context


class TenancyRouter(TenantSyncRouter):  # type: ignore[misc]  # django-tenants ships no types
    """django-tenants decides what is migrated where; this adds the platform login for tenant-owned tables."""

    def db_for_read(self, model: Any, **_hints: object) -> str | None:  # noqa: ANN401
        scope = context.current_scope()
        if scope is not None and scope.platform and apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS:
            return "platform"
        return None

    def allow_relation(self, *_args: object, **_hints: object) -> bool:
        """Both logins see one database, so rows read by either belong together."""
        return True
