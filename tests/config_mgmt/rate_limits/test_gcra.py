"""The pure rule: bursts are counted exactly, quota comes back at the rate, and what it says of waiting is true."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config_mgmt.rate_limits.gcra import Bucket, Level, Verdict, level_at, remaining_at, spend
from config_mgmt.rate_limits.limits import RateLimit

SECOND = 1_000_000
LIMITS = st.builds(
    RateLimit,
    per_minute=st.one_of(st.integers(1, 5_000), st.integers(1, 1_000_000)),
    burst=st.one_of(st.integers(1, 20), st.integers(1, 10_000)),
)
PAUSES = st.lists(st.one_of(st.integers(0, 1_000), st.integers(0, 20 * SECOND)), min_size=1, max_size=60)


def arrive(bucket: Bucket, pauses_us: list[int], began_at_us: int = 1_700_000_000 * SECOND) -> list[tuple[int, Verdict]]:
    """What becomes of requests that come after these pauses."""
    level, now_us, verdicts = None, began_at_us, []
    for pause_us in pauses_us:
        now_us += pause_us
        verdict, level = spend(bucket, level, now_us)
        verdicts.append((now_us, verdict))
    return verdicts


def admitted(verdicts: list[tuple[int, Verdict]]) -> int:
    return sum(verdict.admitted for _, verdict in verdicts)


def test_760_requests_at_once_against_a_burst_of_750() -> None:
    verdicts = arrive(RateLimit(per_minute=500, burst=750).bucket, [0] * 760)
    assert [verdict.admitted for _, verdict in verdicts] == [True] * 750 + [False] * 10
    assert [verdict.remaining for _, verdict in verdicts[:750]] == list(range(749, -1, -1))
    assert {(verdict.remaining, verdict.wait_seconds) for _, verdict in verdicts[750:]} == {(0, 5)}


def test_a_burst_that_takes_four_seconds_to_arrive_is_counted_as_exactly() -> None:
    verdicts = arrive(RateLimit(per_minute=500, burst=750).bucket, [4 * SECOND // 760] * 760)
    assert admitted(verdicts) == 750
    assert verdicts[-1][1].wait_seconds == 1


def test_quota_comes_back_at_the_rate() -> None:
    """A caller that asks a hundred times a second for ten minutes gets the burst, and the rate from then on."""
    limit = RateLimit(per_minute=600, burst=100)
    assert admitted(arrive(limit.bucket, [10_000] * 60_000)) == pytest.approx(100 + 600 * 10, abs=15)


def test_a_bucket_of_one_gives_the_rate_to_a_caller_that_keeps_asking() -> None:
    limit = RateLimit(per_minute=7_000, burst=1)
    assert admitted(arrive(limit.bucket, [100] * 60_000)) == pytest.approx(700, rel=0.02)


def test_a_pause_of_the_whole_depth_fills_the_bucket() -> None:
    bucket = RateLimit(per_minute=60, burst=10).bucket
    level = Level(debt_us=bucket.depth_us, counted_to_us=0)
    assert remaining_at(bucket, level, 0) == 0
    assert remaining_at(bucket, level, bucket.depth_us) == 10
    assert level_at(bucket, level, bucket.depth_us + 7) == Level(debt_us=0, counted_to_us=bucket.depth_us + 7)


@given(limit=LIMITS, pauses_us=PAUSES)
def test_never_more_than_the_burst_and_the_rate_allow(limit: RateLimit, pauses_us: list[int]) -> None:
    verdicts = arrive(limit.bucket, pauses_us)
    elapsed_us = verdicts[-1][0] - verdicts[0][0]
    assert admitted(verdicts) <= limit.burst + elapsed_us // limit.bucket.cost_us


@given(limit=LIMITS, pauses_us=PAUSES)
def test_what_is_left_is_left_and_what_is_refused_is_admitted_after_the_wait(limit: RateLimit, pauses_us: list[int]) -> None:
    bucket, level, now_us = limit.bucket, None, 0
    for pause_us in pauses_us:
        now_us += pause_us
        before = remaining_at(bucket, level, now_us)
        verdict, level = spend(bucket, level, now_us)
        assert verdict.admitted is (before > 0)
        assert verdict.remaining == max(0, before - 1)
        assert verdict.wait_us > 0
        assert remaining_at(bucket, level, now_us + verdict.wait_us) > verdict.remaining
        assert remaining_at(bucket, level, now_us + verdict.wait_us - 1) == verdict.remaining


@given(limit=LIMITS, count=st.integers(1, 50))
def test_a_caller_that_keeps_to_seven_eighths_of_the_bucket_and_the_rate_is_never_refused(limit: RateLimit, count: int) -> None:
    """Steps give quota back at most an eighth of the bucket late."""
    bucket = limit.bucket
    at_once = limit.burst * 7 // 8 - 2
    assume(0 < at_once < 2_000)
    verdicts = arrive(bucket, [0] * at_once + [bucket.cost_us] * count)
    assert admitted(verdicts) == len(verdicts)


@given(limit=LIMITS)
def test_a_clock_set_back_gives_nothing_away_and_takes_nothing(limit: RateLimit) -> None:
    bucket = limit.bucket
    level = Level(debt_us=bucket.depth_us, counted_to_us=10**15)
    back = level_at(bucket, level, 10**15 - 3600 * SECOND)
    assert back == Level(debt_us=bucket.depth_us, counted_to_us=10**15 - 3600 * SECOND)
    assert remaining_at(bucket, back, back.counted_to_us + bucket.depth_us + bucket.step_us) == limit.burst


@given(limit=LIMITS)
def test_a_bucket_holds_the_burst_and_gives_back_whole_requests(limit: RateLimit) -> None:
    bucket = limit.bucket
    assert bucket.depth_us == bucket.cost_us * limit.burst
    assert bucket.step_us % bucket.cost_us == 0
    assert bucket.step_us <= max(bucket.cost_us, min(5 * SECOND, bucket.depth_us // 8))
    assert bucket.cost_us * limit.per_minute <= 60 * SECOND
