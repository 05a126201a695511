"""What kinds of payment a tenant offers, at what price and within which limits."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


def _amount(**options: Any) -> "models.DecimalField[Any, Any]":  # noqa: ANN401  # options of the field
    return models.DecimalField(max_digits=22, decimal_places=4, **{"null": True, "blank": True, **options})


class PaymentType(TenantModel):
    """One version of a payment type. A payment stores the version that decided it.

    DRAFT (can be edited or discarded, at most one per code) → ACTIVE (at most one per code) → RETIRED. What was ever in force is never
    rewritten: a trigger sees to it, and keeps `activated_at` and `retired_at`.
    Amounts are decimals in the major unit of the payment's own currency (a type may serve several), exact to that
    currency's digits when applied: a maximum of 50000 means 50000.00 EUR and 50000 JPY.
    """

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "Draft"
        ACTIVE = "ACTIVE", "Active"
        RETIRED = "RETIRED", "Retired"

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=140)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    is_synchronous = models.BooleanField(default=True)
    currencies = ArrayField(models.CharField(max_length=3), default=list, blank=True, help_text="Empty: every currency")
    min_amount = _amount()
    max_amount = _amount()
    daily_limit = _amount(help_text="Total per debtor account, currency and UTC day")
    velocity_limits: Any = models.JSONField(default=list, blank=True, help_text="See payments.velocity.VelocityLimit")
    processing_fee = _amount(null=False, blank=False, default=0, help_text="Paid by the debtor on top of the amount")
    fee_schedule: Any = models.JSONField(null=True, blank=True, help_text="In place of processing_fee; see payments.fees.FeeSchedule")
    cut_off_time = models.TimeField(null=True, blank=True, help_text="In `time_zone`; payments after it get the next day's value date")
    time_zone = models.CharField(max_length=64, blank=True, default="", help_text="IANA name, such as Europe/Zurich")
    calendar = models.CharField(max_length=40, blank=True, default="", help_text="Code of the business-day calendar")
    rail = models.CharField(max_length=20, default="internal")
    rail_fallbacks = ArrayField(models.CharField(max_length=20), default=list, blank=True, help_text="Rails to try next, in this order")
    approval_threshold = _amount(help_text="Payments of at least this amount need an approval")
    retry_policy: Any = models.JSONField(null=True, blank=True, help_text="maxAttempts and backoffSeconds, for rails that can fail")
    reason = models.TextField(blank=True, default="")
    rollback_of = models.PositiveIntegerField(null=True, blank=True, help_text="The version whose terms this one brings back")
    correlation_id = models.TextField(blank=True, default="")
    created_by = models.TextField(blank=True, default="", help_text="Client or user that made this version")
    created_by_person = models.TextField(blank=True, default="", help_text="The person behind that client or user")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    activate_at = models.DateTimeField(null=True, blank=True, help_text="When this draft takes effect")
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.TextField(blank=True, default="")
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.TextField(blank=True, default="")
    retire_reason = models.TextField(blank=True, default="")

    class Meta:
        db_table = "payment_types"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code", "version"], name="payment_type_version_unique_per_tenant"),
            models.UniqueConstraint(fields=["tenant_id", "code"], condition=Q(status="ACTIVE"), name="payment_type_one_active_version"),
            models.UniqueConstraint(fields=["tenant_id", "code"], condition=Q(status="DRAFT"), name="payment_type_one_draft"),
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z][A-Z0-9_]*$"), name="payment_type_code_well_formed"),
            models.CheckConstraint(condition=Q(processing_fee__gte=0), name="payment_type_fee_not_negative"),
            models.CheckConstraint(condition=Q(min_amount__isnull=True) | Q(min_amount__gte=0), name="payment_type_min_not_negative"),
            models.CheckConstraint(condition=Q(max_amount__isnull=True) | Q(max_amount__gt=0), name="payment_type_max_positive"),
            models.CheckConstraint(condition=Q(daily_limit__isnull=True) | Q(daily_limit__gt=0), name="payment_type_daily_limit_positive"),
            models.CheckConstraint(
                condition=Q(approval_threshold__isnull=True) | Q(approval_threshold__gt=0), name="payment_type_threshold_positive"
            ),
            models.CheckConstraint(
                condition=Q(min_amount__isnull=True) | Q(max_amount__isnull=True) | Q(min_amount__lte=F("max_amount")),
                name="payment_type_min_not_above_max",
            ),
            models.CheckConstraint(condition=Q(fee_schedule__isnull=True) | Q(processing_fee=0), name="payment_type_fee_said_once"),
            models.CheckConstraint(condition=Q(cut_off_time__isnull=True) | ~Q(time_zone=""), name="payment_type_cut_off_has_time_zone"),
            models.CheckConstraint(condition=Q(status__in=["DRAFT", "ACTIVE", "RETIRED"]), name="payment_type_status_known"),
        ]
        indexes = [models.Index(fields=["tenant_id", "activate_at"], name="idx_payment_types_due", condition=Q(status="DRAFT"))]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    @property
    def public_id(self) -> str:
        return public_id("pty", self.id)
