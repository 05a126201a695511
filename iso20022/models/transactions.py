"""What became of each transaction of a message."""

from django.db import models
from django.db.models import Q

from tenants.models.base import TenantModel


class MessageTransaction(TenantModel):
    """One `CdtTrfTxInf`: its names in the message, its ISO status, and the payment it became (none if it never got that far).

    No foreign key: rows come by the thousand, in the transaction that holds the lock on their message.
    """

    message_id = models.UUIDField()
    payment_index = models.IntegerField(help_text="Number of its payment block, from 0")
    transaction_index = models.IntegerField(help_text="Number in its block, from 0")
    payment_information_id = models.CharField(max_length=35)
    instruction_id = models.CharField(max_length=35, null=True, blank=True)
    end_to_end_id = models.CharField(max_length=35)
    uetr = models.UUIDField(null=True, blank=True)
    status = models.CharField(max_length=4, help_text="ISO 20022 status")
    reason_code = models.CharField(max_length=4, null=True, blank=True)
    reason = models.TextField(null=True, blank=True)
    further_reasons = models.JSONField(null=True, blank=True, help_text="Code and text of each reason after the first, in the order found")
    payment_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "iso20022_message_transactions"
        verbose_name = "message transaction"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "message_id", "payment_index", "transaction_index"], name="message_transaction_place_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "payment_id"], name="idx_message_transactions_pay", condition=Q(payment_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.payment_index}/{self.transaction_index}"
