"""The second pair of eyes on a payment."""

from itertools import product
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now, Trim
from django.db.models.lookups import Exact

from payments.models.transactions import Payment
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


def _same(one: str, other: str) -> Q:
    """Whether two columns name the same: case and space around make no other person."""
    return Q(Exact(Lower(Trim(one)), Lower(Trim(other))))


def _nobody_of_both() -> Q:
    condition = Q()
    for one, other in product(("decided_by", "decided_by_person"), ("requested_by", "requested_by_person")):
        condition &= ~_same(one, other)
    return condition


class PaymentApproval(TenantModel):
    """Who asked for a payment from the approval threshold on, and who decided what becomes of it.

    PENDING → APPROVED (the payment goes on), REFUSED (it is REJECTED) or WITHDRAWN (it is CANCELLED). Decided once, and
    approved by another person than asked for it, neither of whom is unnamed: constraints and a trigger hold both.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        APPROVED = "APPROVED", "Approved"
        REFUSED = "REFUSED", "Refused"
        WITHDRAWN = "WITHDRAWN", "Withdrawn"

    payment: Any = TenantForeignKey(Payment, on_delete=models.PROTECT, related_name="approvals")
    debit_minor = models.BigIntegerField(help_text="What the debtor will be charged")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    requested_by = models.TextField(help_text="Client or user that asked for the payment")
    requested_by_person = models.TextField(help_text="The person behind that client or user")
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.TextField(blank=True, default="")
    decided_by_person = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        db_table = "payment_approvals"
        constraints = [
            models.UniqueConstraint(fields=["payment", "tenant_id"], name="approval_unique_per_payment"),
            models.CheckConstraint(condition=Q(debit_minor__gt=0), name="approval_debit_positive"),
            models.CheckConstraint(
                condition=Q(status="PENDING", decided_at__isnull=True)
                | Q(status__in=["APPROVED", "REFUSED", "WITHDRAWN"], decided_at__isnull=False),
                name="approval_decided_has_time",
            ),
            models.CheckConstraint(condition=~Q(requested_by="") & ~Q(requested_by_person=""), name="approval_asked_by_somebody"),
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | (~Q(decided_by_person="") & _nobody_of_both()),
                name="approval_by_another_person",
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "id"], name="idx_approvals_pending", condition=Q(status="PENDING"))]

    def __str__(self) -> str:
        return f"approval of {self.payment_id}"
