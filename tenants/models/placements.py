"""Where tenants' rows live: one placement is one PostgreSQL schema."""

from typing import Any

from django.db import models
from django.db.models import ProtectedError
from django_tenants.models import TenantMixin

from tenants.context import POOL_SCHEMA


class Placement(TenantMixin):  # type: ignore[misc]  # django-tenants ships no types
    """One PostgreSQL schema. `payment_engine` is the pool that tenants share by default; a big tenant has its own."""

    auto_create_schema = False
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "placements"

    def __str__(self) -> str:
        return str(self.schema_name)

    def _drop_schema(self, force_drop: bool = False) -> None:  # django-tenants' signature
        """Never the pool, never a schema with tenants: the stock method drops before PROTECT is checked."""
        if self.schema_name == POOL_SCHEMA or self.tenants.exists():
            raise ProtectedError("this placement is in use", set[Any]())
        super()._drop_schema(force_drop)
