"""What kinds of payment a tenant offers, at what price and within which limits."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenants.models.base import TenantModel


class PaymentType(TenantModel):
    """One version of a payment type. A payment stores the version that decided it.

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
    min_amount = models.DecimalField(max_digits=22, decimal_places=4, null=True, blank=True)
    max_amount = models.DecimalField(max_digits=22, decimal_places=4, null=True, blank=True)
    daily_limit = models.DecimalField(
        max_digits=22, decimal_places=4, null=True, blank=True, help_text="Total per debtor account, currency and UTC day"
    )
    processing_fee = models.DecimalField(max_digits=22, decimal_places=4, default=0, help_text="Paid by the debtor on top of the amount")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "payment_types"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code", "version"], name="payment_type_version_unique_per_tenant"),
            models.UniqueConstraint(fields=["tenant_id", "code"], condition=Q(status="ACTIVE"), name="payment_type_one_active_version"),
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z][A-Z0-9_]*$"), name="payment_type_code_well_formed"),
            models.CheckConstraint(condition=Q(processing_fee__gte=0), name="payment_type_fee_not_negative"),
            models.CheckConstraint(condition=Q(min_amount__isnull=True) | Q(min_amount__gte=0), name="payment_type_min_not_negative"),
            models.CheckConstraint(condition=Q(max_amount__isnull=True) | Q(max_amount__gt=0), name="payment_type_max_positive"),
            models.CheckConstraint(condition=Q(daily_limit__isnull=True) | Q(daily_limit__gt=0), name="payment_type_daily_limit_positive"),
            models.CheckConstraint(
                condition=Q(min_amount__isnull=True) | Q(max_amount__isnull=True) | Q(min_amount__lte=F("max_amount")),
                name="payment_type_min_not_above_max",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
