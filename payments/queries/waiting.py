"""Payments that wait: for another person, for a worker, for the answer of a rail. Read from the front; no table is counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from payments.models import Payment, PaymentApproval, RailAttempt
from payments.states import PaymentStatus

MOST: Final = 1_000
UNDER_WAY: Final = (PaymentStatus.RESERVED, PaymentStatus.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many wait, `is_more` if even more than were looked at, and since when the one does that has waited longest."""

    count: int = 0
    is_more: bool = False
    oldest_at: datetime | None = None

    @classmethod
    def of(cls, moments: list[datetime], most: int) -> "Backlog":
        return cls(count=min(len(moments), most), is_more=len(moments) > most, oldest_at=min(moments, default=None))

    @property
    def in_words(self) -> str:
        return f"{self.count:,}{'+' if self.is_more else ''}"


def approvals_pending() -> QuerySet[PaymentApproval]:
    """With their payments, who has waited longest first: ids are time-ordered, and the index of what is pending has them."""
    return PaymentApproval.objects.filter(status=PaymentApproval.Status.PENDING).select_related("payment").order_by("id")


def payments_under_way() -> QuerySet[Payment]:
    """What is taken up next comes first. Only what is due some day is in the index, so what is over costs nothing."""
    return Payment.objects.filter(next_attempt_at__isnull=False, status__in=UNDER_WAY).order_by("next_attempt_at", "id")


def payments_without_answer() -> QuerySet[Payment]:
    """Those of them whose rail may have taken them and left no answer."""
    unknown = RailAttempt.objects.filter(payment_id=OuterRef("pk"), tenant_id=OuterRef("tenant_id"), status=RailAttempt.Status.UNKNOWN)
    return payments_under_way().filter(Exists(unknown), status=PaymentStatus.SUBMITTED)


def latest_attempts(payment_ids: Iterable[UUID]) -> dict[UUID, RailAttempt]:
    """Of each of these payments that was handed to a rail."""
    attempts = RailAttempt.objects.filter(payment_id__in=list(payment_ids)).order_by("payment_id", "number")
    return {attempt.payment_id: attempt for attempt in attempts}


def approvals_backlog(most: int = MOST) -> Backlog:
    pending = PaymentApproval.objects.filter(status=PaymentApproval.Status.PENDING).order_by("id")
    return Backlog.of(list(pending.values_list("requested_at", flat=True)[: most + 1]), most)


def under_way_backlog(most: int = MOST) -> Backlog:
    return Backlog.of(list(payments_under_way().values_list("created_at", flat=True)[: most + 1]), most)


def unanswered_backlog(most: int = MOST) -> Backlog:
    return Backlog.of(list(payments_without_answer().values_list("created_at", flat=True)[: most + 1]), most)
