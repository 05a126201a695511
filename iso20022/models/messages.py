"""A message that came in or went out."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


class Message(TenantModel):
    """`processed` of `total` transactions are through; it is also where a process that takes over goes on.

    A message that was taken claims its MsgId for ever, within its family and initiating party; a refused one does not,
    so that a corrected file may keep its number.
    """

    class Direction(models.TextChoices):
        IN = "IN", "In"
        OUT = "OUT", "Out"

    class Status(models.TextChoices):
        RECEIVED = "RECEIVED", "Received"
        PROCESSING = "PROCESSING", "Processing"
        COMPLETED = "COMPLETED", "Completed"
        REJECTED = "REJECTED", "Rejected"

    direction = models.CharField(max_length=3, choices=Direction.choices)
    family = models.CharField(max_length=8, help_text="pain001, pain002, …")
    message_type = models.CharField(max_length=35, help_text="pain.001.001.09, …")
    original_message_id = models.CharField(max_length=35, null=True, blank=True, help_text="MsgId")
    initiating_party = models.TextField(default="", blank=True, help_text="its identification and |, or | and its name where it has none")
    initiating_party_name = models.TextField(default="", blank=True)
    claims_message_id = models.BooleanField(default=False, editable=False)
    document_sha256 = models.BinaryField(max_length=32)
    size_bytes = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices)
    group_status = models.CharField(max_length=4, default="RCVD", help_text="ISO 20022 status of the group")
    total = models.IntegerField(default=0)
    processed = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    findings = models.JSONField(default=list, help_text="The first 100 findings")
    findings_omitted = models.IntegerField(default=0)
    answers: Any = TenantForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reports", help_text="The message this one answers"
    )
    created_by = models.TextField(default="", help_text="Client or person that sent it")
    correlation_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="When a worker takes it up, unless its process is alive")

    class Meta:
        db_table = "iso20022_messages"
        verbose_name = "message"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "family", "initiating_party", "original_message_id"],
                condition=Q(claims_message_id=True),
                name="message_id_unique_per_party",
            ),
            models.CheckConstraint(
                condition=Q(processed__gte=0, processed__lte=F("total"), processed=F("accepted") + F("rejected")),
                name="message_counts_add_up",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["RECEIVED", "PROCESSING", "COMPLETED", "REJECTED"]), name="message_status_known"
            ),
            models.CheckConstraint(condition=Q(direction__in=["IN", "OUT"]), name="message_direction_known"),
            models.CheckConstraint(
                condition=~Q(claims_message_id=True) | Q(original_message_id__isnull=False), name="message_claims_a_message_id"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="idx_messages_tenant_created"),
            models.Index(fields=["tenant_id", "answers"], name="idx_messages_answers", condition=Q(answers__isnull=False)),
            models.Index(fields=["next_attempt_at"], name="idx_messages_due", condition=Q(next_attempt_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("msg", self.id)

    @property
    def is_final(self) -> bool:
        return self.status in {self.Status.COMPLETED, self.Status.REJECTED}
