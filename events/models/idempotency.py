"""What was answered to which Idempotency-Key."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from tenants.models.base import TenantModel
from tenants.models.idempotency import KeptAnswer


class IdempotencyKey(KeptAnswer, TenantModel):
    """The stored answer of one key, written in the transaction it answers for. Kept 30 days; the payment keeps its key for ever.

    In PostgreSQL the key is the primary key, with the tenant. The id tells the age.
    """

    key = models.TextField()

    class Meta:
        db_table = "idempotency_keys"
        indexes = [BrinIndex(fields=["id"], name="idx_idempotency_keys_age")]

    def __str__(self) -> str:
        return str(self.id)
