"""Rate limits as the API reads and writes them."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from config_mgmt.api.shapes_settings import Reason, VersionInput, VersionStatus, version_number
from config_mgmt.models import ConfigVersion
from config_mgmt.rate_limits.endpoints import ENDPOINT_PATTERN, LONGEST_ENDPOINT, Origin, Policy
from config_mgmt.rate_limits.limits import LARGEST_BURST, LONGEST_WINDOW_SECONDS, MOST_PER_MINUTE, RateLimit
from payment_engine.api.json import Input, Output
from payment_engine.api.openapi import REF
from payment_engine.api.query_parameters import Instant

# Types and bounds are published here and enforced by the operation, for every door alike, with a sentence that says what is allowed.
Endpoint = Annotated[
    str,
    Meta(
        description="A path, with * only at its end for everything that begins so, or * alone for every endpoint",
        extra_json_schema={"pattern": ENDPOINT_PATTERN, "maxLength": LONGEST_ENDPOINT},
    ),
]
PerMinute = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": MOST_PER_MINUTE})]
Burst = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": LARGEST_BURST})]
Window = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": LONGEST_WINDOW_SECONDS})]
ValueOutput = Annotated[dict[str, Any], Meta(description="rateLimitPerMinute, burstCapacity, windowSizeSeconds")]


class RateLimitInput(Input, frozen=True, kw_only=True):
    """So many requests a minute come back to a bucket of `burstCapacity` requests. `endpoint` may stand here or in the query."""

    rate_limit_per_minute: PerMinute
    burst_capacity: Burst
    window_size_seconds: Window
    endpoint: Endpoint | UnsetType = UNSET
    reason: Reason = ""
    activate_at: Instant | None = None

    @property
    def value(self) -> dict[str, Any]:
        """As configuration keeps it, not checked yet."""
        return {
            "rateLimitPerMinute": self.rate_limit_per_minute,
            "burstCapacity": self.burst_capacity,
            "windowSizeSeconds": self.window_size_seconds,
        }


class RateLimitRollbackInput(Input, frozen=True, kw_only=True):
    """The version of an endpoint's limit to go back to."""

    endpoint: Endpoint
    version: VersionInput
    reason: Reason = ""

    @property
    def number(self) -> int:
        return version_number(self.version)


class RateLimitOutput(Output, frozen=True, kw_only=True):
    """The limit requests to an endpoint are under: the tenant's own, its tier's, or the built-in one.

    `pattern` is the endpoint pattern it is kept under, the most specific one there is; `version` is that of the tenant's own.
    `status` and `activateAt` are there when this version is not in force yet.
    """

    endpoint: str
    rate_limit_per_minute: PerMinute
    burst_capacity: Burst
    window_size_seconds: Window
    origin: Origin
    pattern: str
    version: int | None
    status: VersionStatus | UnsetType = UNSET
    activate_at: datetime | UnsetType = UNSET


class RateLimitVersionOutput(Output, frozen=True, kw_only=True):
    """One change of an endpoint's limit; a value is null where the tenant had no limit of its own."""

    endpoint: str
    version: int
    status: VersionStatus
    old_value: ValueOutput | None
    new_value: ValueOutput | None
    reason: str
    changed_by: str
    changed_at: datetime
    activate_at: datetime | None
    activated_at: datetime | None
    decided_by: str | None
    rollback_of: int | None


_ONE: Final = {"$ref": REF.format(name="RateLimitOutput")}
ONE_OR_ALL: Final = {
    "oneOf": [_ONE, {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": _ONE}}}],
}


def policy_output(policy: Policy, endpoint: str | None = None) -> RateLimitOutput:
    """The policy as it decides the endpoint; of its own pattern if none is named."""
    return RateLimitOutput(
        endpoint=endpoint or policy.endpoint,
        rate_limit_per_minute=policy.limit.per_minute,
        burst_capacity=policy.limit.burst,
        window_size_seconds=policy.limit.window_seconds,
        origin=policy.origin,
        pattern=policy.endpoint,
        version=policy.version,
    )


def saved_output(version: ConfigVersion) -> RateLimitOutput:
    limit = RateLimit.of_value(version.value)
    waits = version.status != ConfigVersion.Status.ACTIVE
    return RateLimitOutput(
        endpoint=version.key,
        rate_limit_per_minute=limit.per_minute,
        burst_capacity=limit.burst,
        window_size_seconds=limit.window_seconds,
        origin="TENANT",
        pattern=version.key,
        version=version.version,
        status=version.status if waits else UNSET,  # type: ignore[arg-type]  # the column's own choices
        activate_at=version.activate_at if waits and version.activate_at else UNSET,
    )


def version_output(version: ConfigVersion) -> RateLimitVersionOutput:
    """Of a row of `history`, which knows the old value."""
    return RateLimitVersionOutput(
        endpoint=version.key,
        version=version.version,
        status=version.status,  # type: ignore[arg-type]  # the column's own choices
        old_value=version.old_value,  # type: ignore[attr-defined]  # annotated by the query
        new_value=version.value,
        reason=version.reason,
        changed_by=version.changed_by,
        changed_at=version.created_at,
        activate_at=version.activate_at,
        activated_at=version.activated_at,
        decided_by=version.decided_by,
        rollback_of=version.rollback_of,
    )
