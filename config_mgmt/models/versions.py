"""One change of a tenant's configuration is one version; nothing is ever overwritten."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


class ConfigVersion(TenantModel):
    """A value of one key from its activation until the next version of the key supersedes it.

    Settings, feature flags and rate limits share history, four eyes, scheduling and rollback: `kind` tells them apart.
    `value` is JSON; null says that the key has no value of the tenant's own, so tier or default apply.
    """

    class Kind(models.TextChoices):
        SETTING = "SETTING", "Setting"
        FEATURE = "FEATURE", "Feature flag"
        RATE_LIMIT = "RATE_LIMIT", "Rate limit"

    class Status(models.TextChoices):
        PROPOSED = "PROPOSED", "Waits for approval"
        SCHEDULED = "SCHEDULED", "Waits for its time"
        ACTIVE = "ACTIVE", "Active"
        SUPERSEDED = "SUPERSEDED", "Superseded"
        REJECTED = "REJECTED", "Rejected"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=200, help_text="Key of the setting, of the flag, or the endpoint pattern of the rate limit")
    environment = models.CharField(max_length=20, default="production")
    version = models.PositiveIntegerField(help_text="Counts the versions of this key in this environment")
    value: Any = models.JSONField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    reason = models.TextField(default="", blank=True)
    rollback_of = models.PositiveIntegerField(null=True, blank=True, help_text="The version whose value this one brings back")
    changed_by = models.TextField(help_text="Client or user that asked for it")
    changed_by_person = models.TextField(help_text="The person behind that client or user")
    correlation_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    activate_at = models.DateTimeField(null=True, blank=True, help_text="When it takes effect, if not at once")
    decided_by = models.TextField(null=True, blank=True, help_text="Client or user that approved or rejected it")
    decided_by_person = models.TextField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "config_versions"
        verbose_name = "change of configuration"
        verbose_name_plural = "changes of configuration"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "kind", "key", "environment", "version"], name="config_version_unique_per_tenant"),
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "key", "environment"], condition=Q(status="ACTIVE"), name="config_one_active_version"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PROPOSED", "SCHEDULED", "ACTIVE", "SUPERSEDED", "REJECTED"]), name="config_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ACTIVE", "SUPERSEDED"]) | Q(activated_at__isnull=False), name="config_active_since_when"
            ),
            models.CheckConstraint(condition=~Q(status="SCHEDULED") | Q(activate_at__isnull=False), name="config_scheduled_for_when"),
            models.CheckConstraint(
                condition=Q(decided_by_person__isnull=True) | ~Q(decided_by_person=models.F("changed_by_person")) | Q(status="REJECTED"),
                name="config_nobody_approves_their_own",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "kind", "-created_at", "-id"], name="idx_config_versions_newest"),
            models.Index(fields=["tenant_id", "activate_at"], name="idx_config_versions_due", condition=Q(status="SCHEDULED")),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

    @property
    def public_id(self) -> str:
        return public_id("cfg", self.id)
