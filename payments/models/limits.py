"""What has been used of a limit."""

from django.db import models
from django.db.models import Q

from tenants.models.base import TenantModel


class LimitUsage(TenantModel):
    """Sum and count of payments of one type from one account on one UTC day. Guarded by the debtor account's row lock."""

    account_id = models.UUIDField()
    payment_type = models.TextField()
    day = models.DateField()
    amount_minor = models.BigIntegerField()
    count = models.IntegerField()

    class Meta:
        db_table = "limit_usages"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "account_id", "payment_type", "day"], name="limit_usage_unique_per_day"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0, count__gte=0), name="limit_usage_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_type} {self.day}"
