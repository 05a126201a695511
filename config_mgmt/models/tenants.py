"""What happened to a tenant: it was made, changed, activated, suspended, resumed or closed."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


class TenantChange(TenantModel):
    """One change of the tenant itself, kept with the tenant's own rows and never rewritten."""

    class Kind(models.TextChoices):
        CREATED = "CREATED", "Created"
        CHANGED = "CHANGED", "Changed"
        ACTIVATED = "ACTIVATED", "Activated"
        SUSPENDED = "SUSPENDED", "Suspended"
        RESUMED = "RESUMED", "Resumed"
        DECOMMISSIONED = "DECOMMISSIONED", "Decommissioned"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    from_status = models.CharField(max_length=20, null=True, blank=True)
    to_status = models.CharField(max_length=20)
    changes: Any = models.JSONField(default=dict, help_text="By member: the old and the new value")
    reason = models.TextField(blank=True, default="")
    changed_by = models.TextField(help_text="Client or user that asked for it")
    changed_by_person = models.TextField(help_text="The person behind that client or user")
    correlation_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "tenant_changes"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["CREATED", "CHANGED", "ACTIVATED", "SUSPENDED", "RESUMED", "DECOMMISSIONED"]),
                name="tenant_change_kind_known",
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "-created_at", "-id"], name="idx_tenant_changes_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def public_id(self) -> str:
        return public_id("chg", self.id)
