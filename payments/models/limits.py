"""What has been used of limits."""

from django.db import models
from django.db.models import Q

from payments.velocity import Window
from tenants.models.base import TenantModel


class LimitUsage(TenantModel):
    """Sum and count of one account's payments in one window: of one payment type, or of all together (`payment_type` empty).

    Guarded by the debtor account's row lock. A row exists only where a limit was asked about; it holds every payment up to
    `counted_until`, and later ones are read from the payments themselves, so a limit that is new counts what was before it.
    """

    account_id = models.UUIDField()
    payment_type = models.TextField(blank=True)
    window_kind = models.CharField(max_length=6, choices=[(window.value, window.value.title()) for window in Window])
    window_start = models.DateTimeField()
    amount_minor = models.BigIntegerField()
    count = models.IntegerField()
    counted_until = models.DateTimeField()

    class Meta:
        db_table = "limit_usages"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "payment_type", "window_kind", "window_start", "tenant_id"], name="limit_usage_unique_per_window"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0, count__gte=0), name="limit_usage_not_negative"),
            models.CheckConstraint(condition=Q(window_kind__in=[window.value for window in Window]), name="limit_usage_window_known"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_type or 'all'} {self.window_kind} {self.window_start}"
