from typing import Any

from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants and identity"

    def ready(self) -> None:
        from tenants import checks  # noqa: F401  # registers the system checks

        pre_migrate.connect(_boot, sender=self)


def _boot(*, using: str, **_kwargs: Any) -> None:  # noqa: ANN401
    from tenants.database.boot import boot

    boot(using)
