"""A tenant: a bank or biller whose rows nobody else can see."""

from django.core.validators import RegexValidator
from django.db import models

from tenants.models.placements import Placement

slug_validator = RegexValidator(r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\Z", "lowercase letters, digits and single hyphens, starting with a letter")


class Tenant(models.Model):  # type: ignore[django-manager-missing]  # of ApiClient, whose base ships no types
    """One tenant. `slug` is immutable: it is the `tenant_id` of every row the tenant owns."""

    class Status(models.TextChoices):
        PENDING_ACTIVATION = "PENDING_ACTIVATION", "Pending activation"
        ACTIVE = "ACTIVE", "Active"
        SUSPENDED = "SUSPENDED", "Suspended"
        DECOMMISSIONED = "DECOMMISSIONED", "Decommissioned"

    class Type(models.TextChoices):
        BANK = "BANK", "Bank"
        BILLER = "BILLER", "Biller"
        PAYMENT_INSTITUTION = "PAYMENT_INSTITUTION", "Payment institution"

    class Tier(models.TextChoices):
        BASIC = "BASIC", "Basic"
        STANDARD = "STANDARD", "Standard"
        PREMIUM = "PREMIUM", "Premium"
        ENTERPRISE = "ENTERPRISE", "Enterprise"

    slug = models.CharField(max_length=50, primary_key=True, validators=[slug_validator])
    reference = models.CharField(max_length=20, unique=True, help_text="Number of the tenant, TIDLT-1000NN")
    name = models.CharField(max_length=140)
    tenant_type = models.CharField(max_length=30, choices=Type.choices, default=Type.BANK)
    tier = models.CharField(max_length=20, choices=Tier.choices, default=Tier.STANDARD)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    placement = models.ForeignKey(Placement, on_delete=models.PROTECT, related_name="tenants")
    config_revision = models.BigIntegerField(
        default=1, editable=False, help_text="Counts the changes of this tenant's configuration; moved by triggers on what is configuration"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tenants"
        constraints = [
            models.CheckConstraint(condition=models.Q(slug__regex=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"), name="tenant_slug_well_formed"),
            models.CheckConstraint(condition=models.Q(reference__regex=r"^TIDLT-[0-9]{6}$"), name="tenant_reference_well_formed"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.slug})"

    @property
    def schema(self) -> str:
        return str(self.placement.schema_name)


class Domain(models.Model):
    """A host name that means one tenant, for people who sign in at their bank's own address."""

    host = models.CharField(max_length=253, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains")

    class Meta:
        db_table = "domains"

    def __str__(self) -> str:
        return self.host
