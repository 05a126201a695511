"""What a subscription tier gives its tenants, as data the platform changes at run time."""

from typing import Any

from django.db import models

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
