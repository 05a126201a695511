from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import pre_migrate
from django_tenants.signals import schema_pre_migration


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants and identity"

    def ready(self) -> None:
        from payment_engine.observability.logs import set_tenant_getter
        from tenants import (
            checks,  # noqa: F401  # registers the system checks
            context,
        )

        set_tenant_getter(lambda: scope.tenant_id if (scope := context.current_scope()) else None)
        pre_migrate.connect(_boot, sender=self)
        schema_pre_migration.connect(_note_shared_migrations)


def _boot(*, using: str, **_kwargs: object) -> None:
    from tenants.database.boot import boot

    boot(using)


def _note_shared_migrations(*, schema_name: str, **_kwargs: object) -> None:
    from tenants.database.boot import note_shared_migrations

    note_shared_migrations(schema_name, DEFAULT_DB_ALIAS)
