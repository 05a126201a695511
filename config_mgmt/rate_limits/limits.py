"""The numbers of a rate limit, checked, and the bucket they make. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from config_mgmt.rate_limits.gcra import Bucket
from payment_engine.api.json import whole_number
from payment_engine.errors import FieldError, ValidationFailed

MINUTE_US: Final = 60_000_000
MOST_PER_MINUTE: Final = 1_000_000
LARGEST_BURST: Final = 10_000_000
LONGEST_WINDOW_SECONDS: Final = 86_400
_LONGEST_STEP_US: Final = 5_000_000
_STEPS_PER_BUCKET: Final = 8
_BOUNDS: Final[Mapping[str, tuple[int, str]]] = {
    "rateLimitPerMinute": (MOST_PER_MINUTE, "the limit is a whole number of requests per minute from 1 to 1,000,000"),
    "burstCapacity": (LARGEST_BURST, "the burst is a whole number of requests from 1 to 10,000,000"),
    "windowSizeSeconds": (LONGEST_WINDOW_SECONDS, "the window is a whole number of seconds from 1 to 86,400, which is a day"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """`per_minute` requests come back each minute to a bucket of `burst` requests; the window is what the quota is published for."""

    per_minute: int
    burst: int
    window_seconds: int = 60

    @classmethod
    def of_value(cls, value: object) -> Self:
        """From configuration's JSON; raises ValidationFailed with a pointer to each member that is missing, unknown or out of bounds."""
        if not isinstance(value, Mapping):
            raise ValidationFailed(f"a rate limit is an object of {', '.join(_BOUNDS)}")
        if errors := [*_unknown_members(value), *_bad_members(value)]:
            raise ValidationFailed(errors[0].detail, errors=errors)
        per_minute, burst, window_seconds = (int(value[name]) for name in _BOUNDS)
        return cls(per_minute=per_minute, burst=burst, window_seconds=window_seconds)

    def as_value(self) -> dict[str, int]:
        return dict(zip(_BOUNDS, (self.per_minute, self.burst, self.window_seconds), strict=True))

    @property
    def quota(self) -> int:
        """What comes back in one window: `q` of the RateLimit-Policy field."""
        return max(1, self.per_minute * self.window_seconds // 60)

    @property
    def bucket(self) -> Bucket:
        """In microseconds. Rounding the cost down never gives a tenant less than it was promised.

        Quota comes back in steps of up to five seconds, so that a burst is counted exactly however long its requests take
        to arrive; a step is a whole number of requests, one at least, and beyond that at most an eighth of the bucket.
        """
        cost_us = MINUTE_US // self.per_minute
        depth_us = cost_us * self.burst
        requests_per_step = max(1, min(_LONGEST_STEP_US, depth_us // _STEPS_PER_BUCKET) // cost_us)
        return Bucket(cost_us=cost_us, depth_us=depth_us, step_us=cost_us * requests_per_step)


def _unknown_members(value: Mapping[Any, Any]) -> list[FieldError]:
    unknown = [str(name)[:100] for name in value if name not in _BOUNDS]
    return [FieldError(pointer=f"/{name}", code="unknown_field", detail=f"a rate limit has no member {name!r}") for name in unknown]


def _bad_members(value: Mapping[str, Any]) -> list[FieldError]:
    return [
        FieldError(pointer=f"/{name}", code="required" if name not in value else "out_of_bounds", detail=sentence)
        for name, (most, sentence) in _BOUNDS.items()
        if not _is_between(value.get(name), 1, most)
    ]


def _is_between(value: object, least: int, most: int) -> bool:
    """To JSON, 60 and 60.0 are one number."""
    number = whole_number(value)
    return number is not None and least <= number <= most
