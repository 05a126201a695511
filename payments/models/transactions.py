"""A payment (the API and the deployment guide call it a transaction) and its reversals."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from payment_engine.money import format_amount
from payments.states import PaymentStatus
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


class Payment(TenantModel):
    """What was asked and what became of it. Amounts are minor units of `currency`."""

    Status = PaymentStatus

    payment_type = models.TextField(help_text="Code of the payment type")
    payment_type_version = models.PositiveIntegerField()
    config_version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=16, choices=PaymentStatus.choices)
    reason_code = models.TextField(null=True, blank=True, help_text="Why it was rejected or failed")
    reason = models.TextField(null=True, blank=True)
    debtor_account_id = models.UUIDField()
    creditor_account_id = models.UUIDField(null=True, help_text="None when the creditor is at another bank")
    creditor_iban = models.TextField(null=True, blank=True, help_text="Of a creditor at another bank")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fee_minor = models.BigIntegerField(default=0)
    reversed_minor = models.BigIntegerField(default=0)
    reference = models.TextField(null=True, blank=True)
    end_to_end_id = models.TextField(null=True, blank=True)
    uetr = models.UUIDField()
    remittance_information = models.TextField(null=True, blank=True)
    requested_execution_date = models.DateField(null=True, blank=True)
    value_date = models.DateField()
    metadata = models.JSONField(default=dict)
    parties = models.JSONField(null=True, blank=True, help_text="As the message it came in names them; of other payments none")
    idempotency_key = models.TextField(null=True, blank=True)
    message_id = models.UUIDField(null=True, blank=True, help_text="The ISO 20022 message it came in")
    journal_id = models.UUIDField(null=True)
    correlation_id = models.TextField(default="")
    created_by = models.TextField(default="", help_text="Client or person that asked for it")
    created_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True, blank=True)
    rail = models.TextField(null=True, blank=True, help_text="Which carries it, unless it was booked at once")
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="When a worker takes it up next")

    class Meta:
        db_table = "transactions"
        verbose_name = "payment"
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key", "tenant_id"], condition=Q(idempotency_key__isnull=False), name="payment_key_unique_per_tenant"
            ),
            # Those made here are random; those that come in messages are their senders' word, and a rail's name for the payment.
            models.UniqueConstraint(
                fields=["uetr", "tenant_id"],
                condition=Q(message_id__isnull=False) & ~Q(status="REJECTED"),
                name="payment_uetr_unique_in_messages",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(condition=Q(fee_minor__gte=0), name="payment_fee_not_negative"),
            models.CheckConstraint(
                condition=Q(reversed_minor__gte=0, reversed_minor__lte=F("amount_minor")), name="payment_reversed_within_amount"
            ),
            models.CheckConstraint(condition=~Q(status="REVERSED") | Q(reversed_minor=F("amount_minor")), name="payment_reversed_in_full"),
            models.CheckConstraint(
                condition=~Q(status__in=["COMPLETED", "REVERSED", "RETURNED"]) | Q(journal_id__isnull=False, completed_at__isnull=False),
                name="payment_completed_has_journal",
            ),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=["RESERVED", "SUBMITTED"]) | Q(rail__isnull=False, next_attempt_at__isnull=False),
                name="payment_under_way_is_due",
            ),
            models.CheckConstraint(
                condition=Q(creditor_iban__isnull=True) | (Q(creditor_account_id__isnull=True) & ~Q(rail="internal")),
                name="payment_elsewhere_leaves",
            ),
        ]
        indexes = [
            # idx_transactions_tenant_created_at (tenant_id, created_at, id) is made by a migration: Django refuses long names.
            models.Index(fields=["debtor_account_id", "created_at"], name="idx_transactions_debtor"),
            models.Index(fields=["message_id"], name="idx_transactions_message", condition=Q(message_id__isnull=False)),
            models.Index(fields=["next_attempt_at"], name="idx_transactions_due", condition=Q(next_attempt_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("pay", self.id)

    @property
    def amount(self) -> str:
        return format_amount(self.amount_minor, self.currency)

    @property
    def fee(self) -> str:
        return format_amount(self.fee_minor, self.currency)


class Reversal(TenantModel):
    """Money given back by us after completion, in full or in part.

    A trigger adds what is inserted to the payment's `reversed_minor`, where Σ reversals ≤ amount stands, and makes it REVERSED.
    """

    payment: Any = TenantForeignKey(Payment, on_delete=models.PROTECT, related_name="reversals")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.TextField()
    idempotency_key = models.TextField(null=True, blank=True)
    journal_id = models.UUIDField()
    created_by = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "reversals"
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reversal_amount_positive"),
            models.UniqueConstraint(
                fields=["idempotency_key", "tenant_id"], condition=Q(idempotency_key__isnull=False), name="reversal_key_unique_per_tenant"
            ),
            models.UniqueConstraint(fields=["journal_id", "tenant_id"], name="reversal_journal_unique_per_tenant"),
        ]
        indexes = [models.Index(fields=["tenant_id", "payment"], name="idx_reversals_tenant_payment")]

    def __str__(self) -> str:
        return public_id("rev", self.id)
