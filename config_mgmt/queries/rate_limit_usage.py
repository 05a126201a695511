"""How much of each rate limit a tenant has used up at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import remaining_at
from config_mgmt.rate_limits.limiter import limiter
from config_mgmt.rate_limits.policies import policies_in_force
from tenants.context import tenant_scope
from tenants.registry import TenantRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitUsage:
    """`remaining` of `policy.limit.burst` requests; None while Valkey, which counts them, is away."""

    policy: Policy
    remaining: int | None

    @property
    def used_percent(self) -> int | None:
        burst = self.policy.limit.burst
        return None if self.remaining is None else (burst - self.remaining) * 100 // burst


def usage(tenant: TenantRecord) -> list[RateLimitUsage]:
    """Of every policy the tenant is under, ordered by endpoint. Reading it uses up nothing."""
    with tenant_scope(tenant):
        return usage_of(policies_in_force().all)


def usage_of(policies: Sequence[Policy]) -> list[RateLimitUsage]:
    """Of these policies, whichever tenants they are of, in one round trip."""
    try:
        now_us, levels = limiter().levels(policies)
    except RedisError:
        return [RateLimitUsage(policy=policy, remaining=None) for policy in policies]
    return [
        RateLimitUsage(policy=policy, remaining=remaining_at(policy.limit.bucket, level, now_us))
        for policy, level in zip(policies, levels, strict=True)
    ]
