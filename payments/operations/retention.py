"""Forgetting what need not be kept."""

from datetime import timedelta
from typing import Final

from events.models import IdempotencyKey
from payment_engine.clock import now
from payment_engine.ids import first_id_at

ANSWERS_KEPT: Final = timedelta(days=30)
_BATCH: Final = 5000


def forget_idempotency_keys() -> int:
    """Delete stored answers older than ANSWERS_KEPT, batch by batch so that no lock is held for long; how many they were.

    Payments keep their keys for ever: a key of long ago still makes no second payment.
    """
    forgotten = 0
    old = IdempotencyKey.objects.filter(id__lt=first_id_at(now() - ANSWERS_KEPT)).order_by("id")
    while batch := list(old.values_list("id", flat=True)[:_BATCH]):
        IdempotencyKey.objects.filter(id__in=batch).delete()
        forgotten += len(batch)
    return forgotten
