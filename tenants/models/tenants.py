"""A tenant: a bank or biller whose rows nobody else can see."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from tenants.context import POOL_SCHEMA
from tenants.models.placements import Placement

slug_validator = RegexValidator(r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\Z", "lowercase letters, digits and single hyphens, starting with a letter")


class Tenant(models.Model):  # type: ignore[django-manager-missing]  # of ApiClient, whose base ships no types
    """One tenant. `slug` is immutable: it is the `tenant_id` of every row the tenant owns.

    PostgreSQL holds the life cycle, fixes slug and number, counts `version` and moves `config_revision` with the tier:
    tenants/migrations/sql/tenant_rules.sql.
    """

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

    class Environment(models.TextChoices):
        SANDBOX = "SANDBOX", "Sandbox"
        DEMO = "DEMO", "Demo"
        DEVELOPMENT = "DEVELOPMENT", "Development"
        PRODUCTION = "PRODUCTION", "Production"

    slug = models.CharField(max_length=63, primary_key=True, validators=[slug_validator])
    reference = models.CharField(max_length=20, unique=True, help_text="Number of the tenant, TIDLT-1000NN")
    name = models.CharField(max_length=140)
    tenant_type = models.CharField(max_length=30, choices=Type.choices, default=Type.BANK)
    tier = models.CharField(max_length=20, choices=Tier.choices, default=Tier.STANDARD)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    placement = models.ForeignKey(Placement, on_delete=models.PROTECT, related_name="tenants")
    environment = models.CharField(max_length=20, choices=Environment.choices, default=Environment.PRODUCTION)
    company_name = models.CharField(max_length=140, blank=True, default="")
    address = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=80, blank=True, default="")
    country = models.CharField(max_length=3, blank=True, default="", help_text="ISO 3166-1, two or three letters")
    time_zone = models.CharField(max_length=64, blank=True, default="", help_text="IANA name such as Europe/Berlin")
    currency = models.CharField(max_length=3, blank=True, default="", help_text="ISO 4217")
    region = models.CharField(max_length=40, blank=True, default="", help_text="Where it is hosted, such as us-east-1")
    requested: Any = models.JSONField(
        null=True, blank=True, editable=False, help_text="What was asked for and waits for the owner's login: a schema, features"
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Counts the changes of this row, for If-Match")
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

    @property
    def awaits_schema(self) -> bool:
        """Asked for with a schema of its own that nobody with the owner's login has made yet: nothing is stored for it until then."""
        return self.requested is not None

    @property
    def isolation(self) -> str:
        return "shared" if self.schema == POOL_SCHEMA and not self.awaits_schema else "schema"


class Domain(models.Model):
    """A host name that means one tenant, for people who sign in at their bank's own address."""

    host = models.CharField(max_length=253, unique=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains")

    class Meta:
        db_table = "domains"

    def __str__(self) -> str:
        return self.host
