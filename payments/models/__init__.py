"""Payment types, payments, reversals and idempotency keys."""

from payments.models.idempotency import IdempotencyKey
from payments.models.limits import LimitUsage
from payments.models.payment_types import PaymentType
from payments.models.transactions import Payment, Reversal

__all__ = ["IdempotencyKey", "LimitUsage", "Payment", "PaymentType", "Reversal"]
