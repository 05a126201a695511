"""The generic cell rate algorithm on whole microseconds. Pure; gcra.lua does the same, and a test holds them together.

What a bucket has given out is a debt in time: each request adds its cost, and time that passes pays it off. A request is
admitted while the debt stays within the depth. Time counts in whole steps since the bucket was last full.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """`depth_us` and `step_us` are whole multiples of `cost_us`."""

    cost_us: int
    depth_us: int
    step_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How far a bucket is drawn down, and up to when time has been counted. A full bucket has no level."""

    debt_us: int
    counted_to_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`wait_us`: until there is one request more than `remaining`; of a refused request, until one like it is admitted."""

    admitted: bool
    remaining: int
    wait_us: int

    @property
    def wait_seconds(self) -> int:
        """In whole seconds, rounded up: after that many it is certain."""
        return -(-self.wait_us // 1_000_000)


def spend(bucket: Bucket, level: Level | None, now_us: int) -> tuple[Verdict, Level]:
    """Whether one request is admitted now, and the level after it."""
    level = level_at(bucket, level, now_us)
    admitted = level.debt_us + bucket.cost_us <= bucket.depth_us
    if admitted:
        level = Level(debt_us=level.debt_us + bucket.cost_us, counted_to_us=level.counted_to_us)
    remaining, over = divmod(bucket.depth_us - level.debt_us, bucket.cost_us)
    steps = -(-(bucket.cost_us - over) // bucket.step_us)
    wait_us = level.counted_to_us + steps * bucket.step_us - now_us
    return Verdict(admitted=admitted, remaining=remaining, wait_us=wait_us), level


def level_at(bucket: Bucket, level: Level | None, now_us: int) -> Level:
    """The level once the time since has paid off what it can. A clock that was set back starts its step again."""
    if level is None:
        return Level(debt_us=0, counted_to_us=now_us)
    counted_to_us = min(level.counted_to_us, now_us)
    steps = (now_us - counted_to_us) // bucket.step_us
    debt_us = level.debt_us - steps * bucket.step_us
    if debt_us <= 0:
        return Level(debt_us=0, counted_to_us=now_us)
    return Level(debt_us=debt_us, counted_to_us=counted_to_us + steps * bucket.step_us)


def remaining_at(bucket: Bucket, level: Level | None, now_us: int) -> int:
    """How many requests the bucket would admit now."""
    return (bucket.depth_us - level_at(bucket, level, now_us).debt_us) // bucket.cost_us
