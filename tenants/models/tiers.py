"""What a subscription tier gives its tenants, as data the platform changes at run time."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from payment_engine.ids import new_id, public_id
from tenants.models.tenants import Tenant


class TierDefault(models.Model):
    """The value of one key for every tenant of a tier that has none of its own. Of all tenants, so it stands in the registry.

    `kind` is a kind of configuration (config_mgmt); a change moves the `config_revision` of every tenant of the tier.
    """

    id = models.BigAutoField(primary_key=True)
    tier = models.CharField(max_length=20, choices=Tenant.Tier.choices)
    kind = models.CharField(max_length=12, help_text="SETTING, FEATURE or RATE_LIMIT")
    key = models.CharField(max_length=200)
    value: Any = models.JSONField()
    changed_by = models.TextField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "tier_defaults"
        constraints = [
            models.UniqueConstraint(fields=["tier", "kind", "key"], name="tier_default_unique"),
            models.CheckConstraint(condition=models.Q(tier__in=Tenant.Tier.values), name="tier_default_tier_known"),
            models.CheckConstraint(condition=models.Q(kind__in=["SETTING", "FEATURE", "RATE_LIMIT"]), name="tier_default_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.tier} {self.key}"


class TierChange(models.Model):
    """One change of a tier's defaults, and all that were in force from then on. Kept for ever and never rewritten."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tier = models.CharField(max_length=20, choices=Tenant.Tier.choices)
    version = models.PositiveIntegerField(help_text="Counts the changes of this tier")
    changes: Any = models.JSONField(help_text="By key: whether it was added, changed or removed, with the value before and after")
    defaults: Any = models.JSONField(help_text="Kind, key and value of every default from this version on")
    reason = models.TextField(blank=True, default="")
    rollback_of = models.PositiveIntegerField(null=True, blank=True, help_text="The version whose defaults this one brings back")
    changed_by = models.TextField(help_text="Client or user that asked for it")
    changed_by_person = models.TextField(help_text="The person behind that client or user")
    correlation_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "tier_changes"
        constraints = [
            models.UniqueConstraint(fields=["tier", "version"], name="tier_change_version_unique"),
            models.CheckConstraint(condition=models.Q(tier__in=Tenant.Tier.values), name="tier_change_tier_known"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="tier_change_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.tier} v{self.version}"

    @property
    def public_id(self) -> str:
        return public_id("tch", self.id)
