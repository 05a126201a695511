"""The base of every tenant-owned model."""

from django.db import models

from payment_engine.ids import new_id
from tenants.context import current_tenant_id


class TenantModel(models.Model):
    """A row that belongs to one tenant; row-level security comes with the table, see tenants.database.schema."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.TextField(default=current_tenant_id, editable=False)

    class Meta:
        abstract = True
