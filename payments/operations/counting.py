"""Payments counted for the metrics by operations that are part of a larger transaction."""

from django.db import transaction

from payment_engine.observability.metrics import count_payments
from tenants.context import current_tenant_id


def count_after_commit(payment_type: str, status: str) -> None:
    """Of the tenant in context, a payment of this type reached this status."""
    tenant = current_tenant_id()
    transaction.on_commit(lambda: count_payments(tenant=tenant, payment_type=payment_type, status=status))
