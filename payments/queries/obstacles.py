"""Payments that are not over."""

from typing import Final

from config_mgmt.obstacles import counted
from payments.models import Payment
from payments.states import PaymentStatus

_ENDED: Final = (
    PaymentStatus.COMPLETED,
    PaymentStatus.REJECTED,
    PaymentStatus.FAILED,
    PaymentStatus.CANCELLED,
    PaymentStatus.RETURNED,
    PaymentStatus.REVERSED,
)


def payments_under_way() -> list[str]:
    return counted(Payment.objects.exclude(status__in=_ENDED).count(), "payment is under way", "payments are under way")
