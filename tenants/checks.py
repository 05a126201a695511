"""System checks: `manage.py check --database default` fails on any gap in tenant isolation."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.checks import check_admin_app
from django.core import checks
from django.db import DatabaseError

from tenants.database.fields import TenantForeignKey
from tenants.database.login import is_owner_login
from tenants.models.base import TenantModel
from tenants.queries.isolation_gaps import IsolationGap, isolation_gaps


@checks.register(checks.Tags.database)
def check_isolation(databases: Iterable[str] | None = None, **_kwargs: Any) -> list[checks.CheckMessage]:  # noqa: ANN401
    if not databases or "default" not in databases:
        return []
    try:
        return [_message(gap) for gap in isolation_gaps()]
    except DatabaseError as error:
        return [checks.Error(f"tenant isolation could not be checked: {error}", id="tenants.E002")]


def _message(gap: IsolationGap) -> checks.CheckMessage:
    """`migrate` checks before it begins: what it will close by itself must not keep the owner from running it."""
    if gap.closed_by_migrating and is_owner_login():
        return checks.Warning(str(gap), hint="migrate takes this right away", id="tenants.W001")
    return checks.Error(str(gap), hint="see docs/tenancy.md, The proof", id="tenants.E001")


@checks.register(checks.Tags.models)
def check_models(**_kwargs: Any) -> list[checks.CheckMessage]:  # noqa: ANN401
    """Tenant-owned apps hold tenant models only, and refer to one another by TenantForeignKey."""
    found: list[checks.CheckMessage] = []
    for label in settings.TENANT_APPS:
        for model in apps.get_app_config(label).get_models():
            if not issubclass(model, TenantModel):
                found.append(checks.Error("a model of a tenant app derives from TenantModel", obj=model, id="tenants.E003"))
            found += [
                checks.Error("a tenant model refers to others by TenantForeignKey", obj=field, id="tenants.E004")
                for field in model._meta.local_fields  # noqa: SLF001  # Django's documented name
                if field.remote_field is not None and not isinstance(field, TenantForeignKey)
            ]
    return found


@checks.register(checks.Tags.admin)
def check_portal(app_configs: Sequence[AppConfig] | None, **_kwargs: object) -> list[checks.CheckMessage]:
    """Django's check of the portal's pages. They are loaded with the portal's addresses, not by every command and worker."""
    admin.autodiscover()
    return check_admin_app(app_configs)
