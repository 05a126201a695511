"""Money set aside on an account."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


class Hold(TenantModel):
    """What a payment that is not completed yet will take from its debtor: still booked, no longer available.

    It is resolved once: CAPTURED when the payment is booked, RELEASED when it will not be. Triggers move the account's
    `held_minor` with every hold placed or resolved, and refuse any other change of it: held = Σ active holds.
    Only accounts.ledger.holds writes here, under the account's lock.
    """

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        CAPTURED = "CAPTURED", "Captured"
        RELEASED = "RELEASED", "Released"

    account_id: Any = models.UUIDField()
    payment_id: Any = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "holds"
        constraints = [
            models.UniqueConstraint(fields=["payment_id", "tenant_id"], name="hold_unique_per_payment"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(condition=Q(status__in=["ACTIVE", "CAPTURED", "RELEASED"]), name="hold_status_known"),
            models.CheckConstraint(
                condition=Q(status="ACTIVE", resolved_at__isnull=True) | (~Q(status="ACTIVE") & Q(resolved_at__isnull=False)),
                name="hold_resolved_has_time",
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="idx_holds_active", condition=Q(status="ACTIVE"))]

    def __str__(self) -> str:
        return public_id("hld", self.id)
