"""Whose money it is."""

from django.db import models
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


class Customer(TenantModel):
    """A person or a company that holds accounts with the tenant."""

    name = models.CharField(max_length=140)
    reference = models.CharField(max_length=64, null=True, blank=True, help_text="The tenant's own number for the customer")
    email = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "customers"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "reference"], name="customer_reference_unique_per_tenant"),
        ]
        indexes = [models.Index(fields=["tenant_id", "-created_at", "-id"], name="idx_customers_tenant_created")]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    @property
    def public_id(self) -> str:
        return public_id("cus", self.id)
