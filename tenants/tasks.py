"""Tasks of the platform itself."""

from celery import shared_task

from tenants.operations import tokens
from tenants.tasking import PlatformTask


@shared_task(name="tenants.tasks.clear_expired_tokens", base=PlatformTask)
def clear_expired_tokens() -> int:
    """Every hour: each issued token leaves a row behind, which only its expiry makes useless."""
    return tokens.clear_expired_tokens()
