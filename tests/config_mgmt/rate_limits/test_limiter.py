"""Valkey away: each process counts for itself, says so once, and nobody waits."""

import logging
import os
import signal
import time

import pytest
from redis.exceptions import RedisError

from config_mgmt.rate_limits.limiter import RETRY_SECONDS, Limiter
from config_mgmt.rate_limits.shared import TIMEOUT_SECONDS, SharedBuckets
from payment_engine.devserver.servers import EmbeddedValkey
from tests.config_mgmt.rate_limits.test_shared import BETA, policy


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(r.levelname, r.getMessage().split(":")[0]) for r in caplog.records if r.name == "config_mgmt.rate_limits.limiter"]


def test_valkey_killed_the_process_limits_alone_says_so_once_and_comes_back(
    valkey: EmbeddedValkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    limiter = Limiter(SharedBuckets(valkey.url), clock)
    for _ in range(700):
        limiter.spend(policy())
    valkey.kill()
    verdicts = [limiter.spend(policy())[0] for _ in range(760)]
    clock.now += 10 * RETRY_SECONDS
    assert not limiter.spend(policy())[0].admitted
    assert sorted(verdict.admitted for verdict in verdicts) == [False] * 10 + [True] * 750
    assert limiter.spend(policy(BETA))[0].remaining == 749
    assert messages(caplog) == [("WARNING", "Valkey is away")]

    valkey.start()
    clock.now += RETRY_SECONDS
    assert limiter.spend(policy())[0].remaining == 749
    assert messages(caplog) == [("WARNING", "Valkey is away"), ("INFO", "Valkey is back")]
    valkey.kill()
    assert limiter.spend(policy())[0].remaining == 749
    assert len(messages(caplog)) == 3
    limiter.close()


def test_valkey_that_hangs_costs_one_request_a_second_a_short_wait(valkey: EmbeddedValkey) -> None:
    clock = Clock()
    limiter = Limiter(SharedBuckets(valkey.url), clock)
    limiter.spend(policy())
    assert valkey.process is not None
    os.kill(valkey.process.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            clock.now += RETRY_SECONDS
            began_at = time.monotonic()
            limiter.spend(policy())
            assert TIMEOUT_SECONDS * 0.9 <= time.monotonic() - began_at < TIMEOUT_SECONDS * 3
            began_at = time.monotonic()
            for _ in range(1_000):
                limiter.spend(policy())
            assert time.monotonic() - began_at < TIMEOUT_SECONDS
    finally:
        os.kill(valkey.process.pid, signal.SIGCONT)
    limiter.close()


def test_levels_are_not_known_while_valkey_is_away(valkey: EmbeddedValkey) -> None:
    limiter = Limiter(SharedBuckets(valkey.url))
    valkey.kill()
    with pytest.raises(RedisError):
        limiter.levels([policy()])
