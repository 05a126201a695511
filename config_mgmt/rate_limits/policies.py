"""The policies of the tenant in context, from the snapshot: its own limits over those of its tier over the built-in ones."""

import logging
from collections.abc import Iterator, Mapping
from typing import Final

from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT
from config_mgmt.rate_limits.endpoints import EVERY_ENDPOINT, Origin, Policies, Policy, merged
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.snapshots import SnapshotCache
from payment_engine.errors import ValidationFailed
from tenants.context import current_tenant_id, use
from tenants.models import Tenant, TierDefault

DEFAULTS: Final[Mapping[str, RateLimit]] = {
    Tenant.Tier.BASIC: RateLimit(per_minute=100, burst=150),
    Tenant.Tier.STANDARD: RateLimit(per_minute=1_000, burst=1_500),
    Tenant.Tier.PREMIUM: RateLimit(per_minute=10_000, burst=15_000),
    Tenant.Tier.ENTERPRISE: RateLimit(per_minute=60_000, burst=90_000),
}
_log = logging.getLogger(__name__)


def policies() -> Policies:
    """No I/O while nothing changes; a change is seen within two seconds."""
    return _snapshots.current()


def policies_in_force() -> Policies:
    """As the database has them now."""
    tier = _tier_of(current_tenant_id())
    return merged(
        (policy for key, value, version in _own() for policy in _stored(key, value, "TENANT", version)),
        (policy for key, value in _of_tier(tier) for policy in _stored(key, value, "TIER")),
        [Policy(tenant=current_tenant_id(), endpoint=EVERY_ENDPOINT, limit=DEFAULTS[tier], origin="DEFAULT")],
    )


def _own() -> list[tuple[str, object, int]]:
    versions = ConfigVersion.objects.filter(
        tenant_id=current_tenant_id(),
        kind=ConfigVersion.Kind.RATE_LIMIT,
        environment=DEFAULT_ENVIRONMENT,
        status=ConfigVersion.Status.ACTIVE,
        value__isnull=False,
    )
    return list(versions.values_list("key", "value", "version"))


def _tier_of(slug: str) -> str:
    with use(None):
        return Tenant.objects.values_list("tier", flat=True).get(slug=slug)


def _of_tier(tier: str) -> list[tuple[str, object]]:
    with use(None):
        rows = TierDefault.objects.filter(tier=tier, kind=ConfigVersion.Kind.RATE_LIMIT)
        return list(rows.values_list("key", "value"))


def _stored(endpoint: str, value: object, origin: Origin, version: int | None = None) -> Iterator[Policy]:
    """A value that was stored past the checks must not leave the others without limits: the next layer's applies instead."""
    try:
        yield Policy(tenant=current_tenant_id(), endpoint=endpoint, limit=RateLimit.of_value(value), origin=origin, version=version)
    except ValidationFailed:
        _log.exception("a stored rate limit can't be read and does not apply", extra={"endpoint": endpoint, "origin": origin})


def _load(_revision: int) -> Policies:
    return policies_in_force()


_snapshots: Final = SnapshotCache(_load)
