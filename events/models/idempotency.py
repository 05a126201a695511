"""What was answered to which Idempotency-Key."""

from django.db import models
from django.db.models.functions import Now

from tenants.models.base import TenantModel


class IdempotencyKey(TenantModel):
    """The stored answer of one key, written in the transaction it answers for. Kept 30 days; the payment keeps its key for ever."""

    key = models.TextField()
    fingerprint = models.BinaryField(help_text="SHA-256 of operation and body, compared by meaning")
    response_status = models.SmallIntegerField()
    response_body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["key", "tenant_id"], name="idempotency_key_unique_per_tenant")]

    def __str__(self) -> str:
        return str(self.id)
