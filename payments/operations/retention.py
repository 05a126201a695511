"""Forgetting what need not be kept."""

from datetime import timedelta
from typing import Final

from django.db.models import Q

from events.models import IdempotencyKey
from payment_engine.clock import now
from payment_engine.ids import first_id_at
from payments.models import LimitUsage
from payments.velocity import Window
from tenants.models import PlatformIdempotencyKey

ANSWERS_KEPT: Final = timedelta(days=30)
USAGE_KEPT: Final = timedelta(days=2)
_LONGEST_MONTH: Final = timedelta(days=31)
_BATCH: Final = 5000


def forget_idempotency_keys() -> int:
    """Delete stored answers older than ANSWERS_KEPT, batch by batch so that no lock is held for long; how many they were.

    Payments and reversals keep their keys for ever: a key of long ago still moves no money again.
    """
    forgotten = 0
    old = IdempotencyKey.objects.filter(id__lt=first_id_at(now() - ANSWERS_KEPT))  # by age, in no order: an index of blocks finds them
    while batch := dict(old.values_list("key", "id")[:_BATCH]):
        # By key, where the index is, and by id: the key may have been used again by now.
        IdempotencyKey.objects.filter(key__in=batch.keys(), id__in=batch.values()).delete()
        forgotten += len(batch)
    return forgotten


def forget_platform_idempotency_keys() -> int:
    """The same for requests that are no tenant's: few, so in one statement."""
    forgotten, _ = PlatformIdempotencyKey.objects.filter(created_at__lt=now() - ANSWERS_KEPT).delete()
    return forgotten


def forget_limit_usages() -> int:
    """Delete what was used of windows that are over for USAGE_KEPT, batch by batch; how many rows it were.

    Nothing is lost: usage can be told from the payments at any time.
    """
    forgotten = 0
    over = now() - USAGE_KEPT
    of_month = Q(window_kind=Window.MONTH)
    old = LimitUsage.objects.filter(~of_month & Q(window_start__lt=over) | of_month & Q(window_start__lt=over - _LONGEST_MONTH))
    while batch := list(old.order_by("id").values_list("id", flat=True)[:_BATCH]):
        LimitUsage.objects.filter(id__in=batch).delete()
        forgotten += len(batch)
    return forgotten
