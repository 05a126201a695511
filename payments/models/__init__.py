"""Payment types, payments, reversals and used limits."""

from payments.models.calendars import CalendarDay, TenantCalendar
from payments.models.limits import LimitUsage
from payments.models.payment_types import PaymentType
from payments.models.transactions import Payment, Reversal

__all__ = ["CalendarDay", "LimitUsage", "Payment", "PaymentType", "Reversal", "TenantCalendar"]
