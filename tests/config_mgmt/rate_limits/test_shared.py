"""Valkey's script decides as the pure rule does, for all processes at once, and brings the bell along."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given
from hypothesis import settings as cases
from hypothesis import strategies as st

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import spend
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.rate_limits.shared import SCRIPT, Heard, SharedBuckets
from payment_engine.devserver.servers import EmbeddedValkey
from tests.config_mgmt.rate_limits.test_gcra import LIMITS, PAUSES

BEGAN_AT_US = 1_800_000_000_123_456
ALPHA, BETA = "alpha-bank", "beta-bank"


def policy(tenant: str = ALPHA, per_minute: int = 500, burst: int = 750, endpoint: str = "/api/v1/transactions") -> Policy:
    return Policy(tenant=tenant, endpoint=endpoint, limit=RateLimit(per_minute=per_minute, burst=burst), origin="TENANT")


@pytest.fixture
def client(valkey: EmbeddedValkey) -> Any:
    with redis.Redis.from_url(valkey.url) as client:
        yield client


@cases(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(limit=LIMITS, pauses_us=PAUSES, together=st.integers(1, 5))
def test_the_script_equals_the_pure_rule_whenever_requests_come(client: Any, limit: RateLimit, pauses_us: list[int], together: int) -> None:
    """The same script with a clock from outside, and with keys that outlive the test. Who came together counts one after the other."""
    clock = SCRIPT.replace("redis.call('TIME')", "{ARGV[5], ARGV[6]}").replace("'PX', math.ceil(full_after / 1000)", "'EX', 3600")
    assert clock.count("ARGV[6]") == clock.count("'EX'") == 1
    script = client.register_script(clock)
    client.delete("bucket")
    bucket, level, now_us = limit.bucket, None, BEGAN_AT_US
    for pause_us in pauses_us:
        now_us += pause_us
        verdicts = []
        for _ in range(together):
            verdict, level = spend(bucket, level, now_us)
            verdicts.append(verdict)
        numbers = (bucket.cost_us, bucket.depth_us, bucket.step_us, together, *divmod(now_us, 1_000_000))
        answer = script(keys=["bucket", "bell"], args=numbers)
        assert answer == [sum(v.admitted for v in verdicts), verdict.remaining, verdict.wait_us, None, None]
        if answer[0] and level is not None:
            assert client.get("bucket") == f"{level.debt_us} {level.counted_to_us}".encode()


@pytest.mark.parametrize("callers", [1, 16])
def test_760_requests_at_once_against_a_burst_of_750(buckets: SharedBuckets, callers: int) -> None:
    """Exactly ten are refused; who comes back when told is admitted; the other tenant notices nothing."""
    with ThreadPoolExecutor(callers) as threads:
        verdicts = [verdict for verdict, _ in threads.map(lambda _: buckets.spend(policy()), range(760))]
    assert sorted(verdict.admitted for verdict in verdicts) == [False] * 10 + [True] * 750
    assert {verdict.remaining for verdict in verdicts if verdict.admitted} == set(range(750))
    refused = [verdict for verdict in verdicts if not verdict.admitted]
    assert all(verdict.remaining == 0 and 1 <= verdict.wait_seconds <= 5 for verdict in refused)
    neighbour, _ = buckets.spend(policy(BETA))
    assert (neighbour.admitted, neighbour.remaining) == (True, 749)


def test_requests_that_come_together_are_counted_one_after_the_other(buckets: SharedBuckets) -> None:
    """760 in batches of 64: each has a remainder of its own, and exactly ten are refused."""
    verdicts = [v for first in range(0, 760, 64) for v in buckets.spend_together(policy(), min(64, 760 - first))[0]]
    assert [verdict.admitted for verdict in verdicts] == [True] * 750 + [False] * 10
    assert [verdict.remaining for verdict in verdicts] == [*reversed(range(750)), *[0] * 10]


def test_who_waits_as_long_as_told_is_admitted_and_who_does_not_is_not(buckets: SharedBuckets) -> None:
    limited = policy(per_minute=60, burst=4)
    while (verdict := buckets.spend(limited)[0]).admitted:
        pass
    assert verdict.wait_seconds == 1
    time.sleep(max(0.0, verdict.wait_us / 1e6 - 0.2))
    assert not buckets.spend(limited)[0].admitted
    time.sleep(0.2)
    assert buckets.spend(limited)[0].admitted


def test_a_full_bucket_leaves_no_key_behind(buckets: SharedBuckets, client: Any) -> None:
    limited = policy(per_minute=600, burst=2)
    buckets.spend(limited)
    assert 0 < client.pttl(limited.key) <= 200
    time.sleep(0.25)
    assert client.keys("rate-limit:*") == []


def test_the_bell_comes_with_the_verdict(buckets: SharedBuckets, client: Any) -> None:
    assert buckets.spend(policy())[1] == Heard(None, None)
    client.hset("config:alpha-bank", mapping={"revision": 18, "status": "SUSPENDED"})
    assert buckets.spend(policy())[1] == Heard(18, "SUSPENDED")
    assert buckets.spend(policy(BETA))[1] == Heard(None, None)


def test_one_request_is_one_command(buckets: SharedBuckets, client: Any) -> None:
    buckets.spend(policy())
    before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    for _ in range(10):
        buckets.spend(policy())
    stats = client.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == before + 10
    assert stats.get("cmdstat_hmget", {"calls": 0})["calls"] >= 10
    assert client.info("clients")["connected_clients"] == 2


def test_levels_can_be_read_without_spending(buckets: SharedBuckets) -> None:
    one, other = policy(), policy(endpoint="*")
    buckets.spend(one)
    for _ in range(2):
        now_us, levels = buckets.levels([one, other])
        assert abs(now_us - time.time_ns() // 1000) < 10_000_000
        assert [level and level.debt_us for level in levels] == [120_000, None]


def test_a_script_that_valkey_forgot_is_loaded_again(buckets: SharedBuckets, client: Any) -> None:
    buckets.spend(policy())
    client.script_flush()
    assert buckets.spend(policy())[0].remaining == 748


def test_a_connection_that_was_closed_meanwhile_costs_nobody_anything(buckets: SharedBuckets, client: Any) -> None:
    with ThreadPoolExecutor(4) as threads:
        at_once = threading.Barrier(4)
        list(threads.map(lambda _: (at_once.wait(), buckets.spend(policy())), range(4)))
    client.client_kill_filter(skipme=True, _type="normal")
    for _ in range(5):
        assert buckets.spend(policy())[0].admitted
