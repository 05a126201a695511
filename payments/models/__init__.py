"""Payment types, payments with their approvals, attempts and reversals, and used limits."""

from payments.models.approvals import PaymentApproval
from payments.models.attempts import RailAttempt, SimulatedPayment
from payments.models.calendars import CalendarDay, TenantCalendar
from payments.models.limits import LimitUsage
from payments.models.payment_types import PaymentType
from payments.models.transactions import Payment, Reversal

__all__ = [
    "CalendarDay",
    "LimitUsage",
    "Payment",
    "PaymentApproval",
    "PaymentType",
    "RailAttempt",
    "Reversal",
    "SimulatedPayment",
    "TenantCalendar",
]
