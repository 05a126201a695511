"""The bytes of a message."""

from typing import Any

from django.db import models

from iso20022.models.messages import Message
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


class MessageDocument(TenantModel):
    """One piece of a message's original bytes: a file of 200 MB is written and read with the memory of one piece."""

    message: Any = TenantForeignKey(Message, on_delete=models.PROTECT, related_name="documents")
    sequence = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "iso20022_message_documents"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "message", "sequence"], name="message_document_piece_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.sequence}"
