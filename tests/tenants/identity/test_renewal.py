"""What each process remembers of clients and keys is read anew by one request, while those beside it go on."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tenants import keys
from tenants.queries import client_standing
from tenants.queries.client_standing import ClientStanding

READINGS_AT_ONCE = 3  # threads that looked at the same instant


class Reading:
    """A slow look-up that counts how often it is made."""

    def __init__(self, result: Callable[[], object]) -> None:
        self.count = 0
        self._result = result

    def __call__(self, *_asked: object) -> Any:
        self.count += 1
        time.sleep(0.2)
        return self._result()


def ask_at_once(ask: Callable[[], object]) -> list[float]:
    """How long each of 16 threads waited."""
    barrier = threading.Barrier(16)

    def asking(_number: int) -> float:
        barrier.wait()
        began_at = time.monotonic()
        ask()
        return time.monotonic() - began_at

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(asking, range(16)))


def test_one_request_reads_a_clients_standing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(lambda: ClientStanding(tenant=None, scopes=frozenset(), tokens_valid_from=0.0, person="ada"))
    monkeypatch.setattr(client_standing, "_load", reading)
    client_standing.client_standing("cli_1")
    monkeypatch.setattr(client_standing, "RENEWAL_SECONDS", 0.0)
    waits = ask_at_once(lambda: client_standing.client_standing("cli_1"))
    assert reading.count - 1 <= READINGS_AT_ONCE
    assert sum(wait < 0.15 for wait in waits) >= 16 - READINGS_AT_ONCE
    monkeypatch.setattr(client_standing, "STALENESS_SECONDS", 0.0)
    before = reading.count
    client_standing.client_standing("cli_1")
    assert reading.count == before + 1, "what is too old is not used, whoever reads it anew"


def test_one_request_reads_the_keys_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(lambda: keys.KeyRing(public={}, signing=None, read_at=time.monotonic()))
    monkeypatch.setattr(keys, "_load", reading)
    keys.key_ring()
    monkeypatch.setattr(keys, "RENEWAL_SECONDS", 0.1)
    time.sleep(0.11)
    waits = ask_at_once(keys.key_ring)
    assert reading.count == 2
    assert sum(wait < 0.15 for wait in waits) >= 16 - READINGS_AT_ONCE
