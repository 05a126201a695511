"""Payment types, payments, reversals and used limits."""

from payments.models.limits import LimitUsage
from payments.models.payment_types import PaymentType
from payments.models.transactions import Payment, Reversal

__all__ = ["LimitUsage", "Payment", "PaymentType", "Reversal"]
