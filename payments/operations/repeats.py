"""Whether a tenant's idempotency keys are likely to be met again: after an outage its clients send everything once more."""

import time
from typing import Final

from tenants.context import current_tenant_id

_EXPECTED_SECONDS: Final = 60.0
_expected_until: Final[dict[str, float]] = {}
"""Of each tenant, by this process's monotonic clock."""


def met() -> None:
    """The tenant in context used a key again."""
    _expected_until[current_tenant_id()] = time.monotonic() + _EXPECTED_SECONDS


def expected() -> bool:
    """Whether to look its keys up before anything is written, rather than to write and be refused."""
    return time.monotonic() < _expected_until.get(current_tenant_id(), 0.0)
