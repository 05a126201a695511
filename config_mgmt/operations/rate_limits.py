"""Rate limits are configuration: each change is a version, with all that `change_config` says of those."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from config_mgmt.errors import RateLimitUnknown, TooManyRateLimits
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config, lock_configuration, roll_back
from config_mgmt.queries.versions import active_version, active_versions
from config_mgmt.rate_limits.endpoints import check_endpoint
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.values import Actor

MOST_ENDPOINTS: Final = 100
_KIND: Final = ConfigVersion.Kind.RATE_LIMIT


@transaction.atomic
def save_rate_limit(
    *,
    endpoint: str,
    value: Mapping[str, Any],
    actor: Actor,
    reason: str = "",
    activate_at: datetime | None = None,
    expected_version: int | None = None,
) -> tuple[ConfigVersion, bool]:
    """The version that holds this limit, and whether it is the tenant's first for the endpoint, or the first since it had none.

    Raises ValidationFailed with a pointer per offending member, TooManyRateLimits, StaleVersion like `change_config`.
    """
    check_endpoint(endpoint)
    limit = RateLimit.of_value(value)
    lock_configuration()
    is_new = not _has_own(endpoint)
    if is_new:
        _check_number_of_endpoints()
    version = change_config(
        kind=_KIND,
        key=endpoint,
        value=limit.as_value(),
        actor=actor,
        reason=reason,
        activate_at=activate_at,
        expected_version=expected_version,
    )
    return version, is_new


@transaction.atomic
def remove_rate_limit(*, endpoint: str, actor: Actor, reason: str = "", expected_version: int | None = None) -> ConfigVersion:
    """No limit of the tenant's own from now on: those of its tier apply. Raises RateLimitUnknown."""
    check_endpoint(endpoint)
    lock_configuration()
    if not _has_own(endpoint):
        raise RateLimitUnknown("this tenant has no rate limit of its own for the endpoint")
    return change_config(kind=_KIND, key=endpoint, value=None, actor=actor, reason=reason, expected_version=expected_version)


def roll_back_rate_limit(
    *, endpoint: str, version: int, actor: Actor, reason: str = "", expected_version: int | None = None
) -> ConfigVersion:
    """The limit as it was in that version, as a new version; a version that was a removal removes it again."""
    check_endpoint(endpoint, pointer="/endpoint")
    return roll_back(kind=_KIND, key=endpoint, version=version, actor=actor, reason=reason, expected_version=expected_version)


def _has_own(endpoint: str) -> bool:
    active = active_version(_KIND, endpoint)
    return active is not None and active.value is not None


def _check_number_of_endpoints() -> None:
    if sum(version.value is not None for version in active_versions(_KIND)) >= MOST_ENDPOINTS:
        raise TooManyRateLimits(f"a tenant has rate limits of its own for at most {MOST_ENDPOINTS} endpoints; take one away first")
