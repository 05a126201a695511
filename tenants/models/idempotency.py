"""Answers kept with the keys of the requests they were given to: what a tenant's and the platform's have in common, and the platform's."""

from django.db import models
from django.db.models.functions import Now


class KeptAnswer(models.Model):
    """What was answered, and to which request."""

    fingerprint = models.BinaryField(help_text="SHA-256 of operation and body, compared by meaning")
    response_status = models.SmallIntegerField()
    response_body = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class PlatformIdempotencyKey(KeptAnswer):
    """The stored answer of one key of the platform's own requests, such as taking a tenant on. As events.IdempotencyKey is a tenant's."""

    key = models.TextField(primary_key=True)

    class Meta:
        db_table = "platform_idempotency_keys"

    def __str__(self) -> str:
        return self.key
