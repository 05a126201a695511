"""Processes of one engine: each follows a change within two seconds, and all of them spend from the same buckets."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from payment_engine.devserver.servers import EmbeddedValkey
from tenants.registry import TenantRecord
from tests.config_mgmt.rate_limits.test_middleware import ENDPOINT, Door, limit

pytestmark = pytest.mark.django_db(transaction=True)
PROJECT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def followers(tenant_a: TenantRecord, valkey: EmbeddedValkey) -> Iterator[list["subprocess.Popen[str]"]]:
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {"DATABASE_URL": database, "REDIS_URL": valkey.url, "DJANGO_SETTINGS_MODULE": "payment_engine.settings"}
    command = [sys.executable, "-m", "tests.config_mgmt.rate_limits.follower", tenant_a.slug, ENDPOINT]
    started = [
        subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    yield started
    for process in started:
        process.communicate(timeout=20)


def tell(process: "subprocess.Popen[str]", order: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{order}\n")
    process.stdin.flush()


def answer_of(process: "subprocess.Popen[str]") -> list[float]:
    assert process.stdout is not None
    return [float(word) for word in process.stdout.readline().split()]


def ask(process: "subprocess.Popen[str]", order: str) -> list[float]:
    tell(process, order)
    return answer_of(process)


def test_every_process_follows_a_change_within_two_seconds(tenant_a: TenantRecord, followers: list["subprocess.Popen[str]"]) -> None:
    assert [ask(process, "follow")[0] for process in followers] == [60_000, 60_000]
    for process in followers:
        tell(process, "follow")
    limit(tenant_a, ENDPOINT, 500, 750)
    changed_at = time.monotonic()
    for process in followers:
        per_minute, seen_at = answer_of(process)
        assert per_minute == 500
        assert seen_at - changed_at < 2


def test_processes_spend_from_one_bucket(tenant_a: TenantRecord, followers: list["subprocess.Popen[str]"]) -> None:
    limit(tenant_a, ENDPOINT, 500, 750)
    assert [ask(process, "follow")[0] for process in followers] == [500, 500]
    door = Door(tenant_a)
    assert all(door().status_code == 200 for _ in range(150))
    for process in followers:
        tell(process, "spend 305")
    assert sum(answer_of(process)[0] for process in followers) == 600
    assert door().status_code == 429
