import json
import threading
from time import perf_counter
from typing import Any

import pytest
from django.test import RequestFactory

from payment_engine.observability import health
from payment_engine.observability.health import livez, readyz, register_readiness_check


@pytest.fixture(autouse=True)
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_checks", {})
    monkeypatch.setattr(health, "_running", {})


def fails() -> None:
    raise ConnectionError("password=CANARY")


def ready() -> tuple[int, Any]:
    response = readyz(RequestFactory().get("/readyz"))
    return response.status_code, json.loads(response.content)


def test_alive_is_alive_whatever_else_is_broken() -> None:
    register_readiness_check("database", fails)
    assert livez(RequestFactory().get("/livez")).status_code == 200


def test_ready_when_every_check_passes() -> None:
    register_readiness_check("database", lambda: None)
    register_readiness_check("schema", lambda: "a result is ignored")
    assert ready() == (200, {"status": "ready", "checks": {"database": "up", "schema": "up"}})


def test_not_ready_when_a_required_check_fails_and_nothing_leaks() -> None:
    register_readiness_check("database", fails)
    register_readiness_check("schema", lambda: None)
    assert ready() == (503, {"status": "not_ready", "checks": {"database": "down", "schema": "up"}})


def test_ready_but_shown_when_an_optional_check_fails() -> None:
    register_readiness_check("cache", fails, required=False)
    assert ready() == (200, {"status": "ready", "checks": {"cache": "down"}})


def test_a_hanging_check_is_given_up_after_a_second_and_not_started_twice() -> None:
    release, starts = threading.Event(), []

    def hangs() -> None:
        starts.append(1)
        release.wait(20)

    register_readiness_check("database", hangs)
    register_readiness_check("cache", hangs, required=False)
    started = perf_counter()
    try:
        assert ready() == (503, {"status": "not_ready", "checks": {"database": "timeout", "cache": "timeout"}})
        assert perf_counter() - started < 2
        assert ready()[0] == 503
        assert len(starts) == 2
    finally:
        release.set()
    for run in health._running.values():
        run.done.wait(5)
    assert ready()[0] == 200
