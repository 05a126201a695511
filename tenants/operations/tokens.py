"""Housekeeping of issued access tokens."""

from oauth2_provider.models import get_access_token_model

from payment_engine.clock import now
from tenants.context import use

BATCH = 5000


def clear_expired_tokens() -> int:
    """Delete the rows of expired tokens, batch by batch so that no lock is held for long; how many they were."""
    tokens = get_access_token_model().objects
    deleted = 0
    with use(None):
        while batch := list(tokens.filter(expires__lt=now()).order_by("pk").values_list("pk", flat=True)[:BATCH]):
            tokens.filter(pk__in=batch).delete()
            deleted += len(batch)
    return deleted
