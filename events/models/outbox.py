"""The transactional outbox: a row stands in the same transaction as the change it tells of."""

from django.db import models
from django.db.models.functions import Now

from tenants.models.base import TenantModel


class OutboxEvent(TenantModel):
    """One thing that happened, to be told outside once the transaction is through. Ids are time-ordered.

    In PostgreSQL the primary key is (tenant_id, id), which is also the queue: whoever tells takes a tenant's rows that were not
    told from the beginning, and deletes what was told long enough ago, so that the beginning stays near.
    """

    topic = models.TextField(help_text="What happened, such as payment.completed")
    subject_id = models.UUIDField(help_text="The payment, message or account it happened to")
    payload = models.JSONField(default=dict)
    correlation_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "outbox_events"

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"
