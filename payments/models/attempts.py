"""What a rail was asked and what it answered."""

from typing import Any

from django.db import models
from django.db.models import Q

from payments.models.transactions import Payment
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


class RailAttempt(TenantModel):
    """One time a payment was handed to a rail. The row is committed before the rail is told, so a crash leaves a question, no doubt.

    SENT (no answer yet) → ACCEPTED, REJECTED, UNAVAILABLE (it surely took nothing) or UNKNOWN (it may have: it is asked,
    never told again under another id). UNKNOWN ends in one of the others.
    """

    class Status(models.TextChoices):
        SENT = "SENT", "Sent"
        ACCEPTED = "ACCEPTED", "Accepted"
        REJECTED = "REJECTED", "Rejected"
        UNAVAILABLE = "UNAVAILABLE", "Unavailable"
        UNKNOWN = "UNKNOWN", "Unknown"

    payment: Any = TenantForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text="Of the payment, over all rails")
    rail = models.TextField()
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.SENT)
    detail = models.TextField(blank=True, default="", help_text="The rail's own words")
    inquiries = models.PositiveIntegerField(default=0, help_text="How often it was asked what became of it")
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "rail_attempts"
        constraints = [
            models.UniqueConstraint(fields=["payment", "number", "tenant_id"], name="attempt_number_unique_per_payment"),
            # Whatever happens, a payment is on its way over one rail at a time, and settled over one.
            models.UniqueConstraint(
                fields=["payment", "tenant_id"],
                condition=Q(status__in=["SENT", "UNKNOWN", "ACCEPTED"]),
                name="attempt_one_open_per_payment",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["SENT", "ACCEPTED", "REJECTED", "UNAVAILABLE", "UNKNOWN"]), name="attempt_status_known"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "payment"], name="idx_attempts_unanswered", condition=Q(status="UNKNOWN"))]

    def __str__(self) -> str:
        return f"{self.rail} {self.number}"


class SimulatedPayment(TenantModel):
    """What the bank next door knows of a payment: the memory of the simulated rails, in which nothing of ours is looked up."""

    rail = models.TextField()
    uetr = models.UUIDField()
    sends = models.PositiveIntegerField(default=0)
    given_up = models.PositiveSmallIntegerField(default=0, help_text="The last attempt of which it said that it never arrived")
    verdict = models.CharField(max_length=8, blank=True, default="", help_text="ACCEPTED, REJECTED, or empty: it never arrived")
    detail = models.TextField(blank=True, default="")

    class Meta:
        db_table = "simulated_payments"
        constraints = [models.UniqueConstraint(fields=["uetr", "rail", "tenant_id"], name="simulated_payment_unique_per_rail")]

    def __str__(self) -> str:
        return f"{self.rail} {self.uetr}"
