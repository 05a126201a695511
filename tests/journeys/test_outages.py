"""Servers that go away under load: what callers are told, that nothing is half done, and that all recovers by itself."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.journeys.stack import Answer, Caller, Stack, eventually

pytestmark = pytest.mark.timeout(240)
CALLERS = 12


@pytest.fixture(autouse=True)
def _well_before_and_after(stack: Stack) -> Iterator[None]:
    assert eventually(lambda: all_is_up(stack), 30), stack.log[-2000:]
    yield
    assert eventually(lambda: all_is_up(stack), 30), stack.log[-2000:]


def pay_at_once(caller: Caller, keys: list[str]) -> list[Answer]:
    with ThreadPoolExecutor(len(keys)) as callers:
        return list(callers.map(lambda key: caller.pay("1.00", key=key), keys))


def fresh_keys(count: int = CALLERS) -> list[str]:
    return [uuid4().hex for _ in range(count)]


def all_is_up(stack: Stack) -> bool:
    answer = stack.send("GET", "/readyz")
    return answer.status == 200 and set(answer.json["checks"].values()) == {"up"}


@contextmanager
def postgres_kept_away(stack: Stack) -> Iterator[None]:
    """The postmaster stands still and its backends are dead: connections are accepted by the kernel and never answered."""
    postmaster = stack.postgres
    os.kill(postmaster, signal.SIGSTOP)
    for backend in stack.backends:
        os.kill(backend, signal.SIGKILL)
    try:
        yield
    finally:
        os.kill(postmaster, signal.SIGCONT)


def test_payments_survive_postgres_that_is_killed(stack: Stack, demo_bank: Caller) -> None:
    """Every key that got a 503 is sent again until it is answered: each has made one payment, and no more."""
    debtor, creditor, *_ = demo_bank.accounts()
    before = Decimal(demo_bank.booked(debtor)), Decimal(demo_bank.booked(creditor))
    keys = fresh_keys(60)
    killed = stack.postgres
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda at: _pay_and_kill(stack, demo_bank, keys, at, killed), range(len(keys))))
    assert {answer.status for answer in answers} <= {201, 503}
    assert max(answer.seconds for answer in answers if answer.status == 503) < 5
    for answer in answers:
        if answer.status == 503:
            assert answer.problem[1] == "temporarily_unavailable"
            assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert eventually(lambda: all_is_up(stack), 20), stack.log[-2000:]
    assert stack.postgres != killed
    assert {demo_bank.pay("1.00", key=key).status for key in keys} == {201}
    assert (Decimal(demo_bank.booked(debtor)), Decimal(demo_bank.booked(creditor))) == (before[0] - 60, before[1] + 60)


def _pay_and_kill(stack: Stack, caller: Caller, keys: list[str], at: int, postmaster: int) -> Answer:
    if at == len(keys) // 3:
        os.kill(postmaster, signal.SIGKILL)
    return caller.pay("1.00", key=keys[at])


def test_postgres_kept_away_is_503_for_all_at_once_and_each_key_pays_once(stack: Stack, demo_bank: Caller) -> None:
    debtor = demo_bank.accounts()[0]
    before = Decimal(demo_bank.booked(debtor))
    keys = fresh_keys()
    with postgres_kept_away(stack):
        for _ in range(2):
            answers = pay_at_once(demo_bank, keys)
            assert [answer.problem[:2] for answer in answers] == [(503, "temporarily_unavailable")] * CALLERS
            assert {"retry-after"} <= set(answers[0].headers)
            assert max(answer.seconds for answer in answers) < 5
        assert stack.send("GET", "/livez").status == 200
        assert stack.send("GET", "/readyz").status == 503
        health = stack.send("GET", "/api/v1/health")
        assert (health.status, health.json["status"], health.json["components"]["database"]) == (503, "DOWN", "DOWN")
        assert health.json["components"]["cache"] == "UP"
    assert eventually(lambda: all_is_up(stack), 20), stack.log[-2000:]
    # Each process finds out by itself that the server is back: until then it says so, and callers come again with their keys.
    assert eventually(lambda: {answer.status for answer in pay_at_once(demo_bank, keys)} == {201}, 10)
    assert {answer.headers.get("idempotent-replayed") for answer in pay_at_once(demo_bank, keys)} == {"true"}
    assert Decimal(demo_bank.booked(debtor)) == before - CALLERS


def test_payments_work_while_valkey_is_away(stack: Stack, demo_bank: Caller) -> None:
    killed = stack.valkey
    os.kill(killed, signal.SIGSTOP)
    try:
        answers = pay_at_once(demo_bank, fresh_keys())
        assert {answer.status for answer in answers} == {201}
        assert max(answer.seconds for answer in answers) < 5
        ready = stack.send("GET", "/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        health = stack.send("GET", "/api/v1/health")
        assert (health.status, health.json["status"], health.json["components"]["cache"]) == (200, "UP", "DOWN")
    finally:
        os.kill(killed, signal.SIGKILL)
    assert demo_bank.pay("1.00").status == 201
    assert eventually(lambda: stack.valkey not in {0, killed} and all_is_up(stack), 20), stack.log[-2000:]
    assert eventually(lambda: stack.send("GET", "/api/v1/health").json["components"]["worker"] == "UP", 30)


def test_web_process_that_is_killed_is_replaced(stack: Stack, demo_bank: Caller) -> None:
    """Nobody listens for the seconds a single one takes to start."""
    assert demo_bank.pay("1.00").status == 201
    (killed,) = stack.web_workers
    os.kill(killed, signal.SIGKILL)

    def pays_again() -> bool:
        try:
            return demo_bank.pay("1.00").status == 201
        except OSError:
            return False

    assert eventually(pays_again, 20)
    (successor,) = stack.web_workers
    assert successor != killed


def test_ledger_is_whole_after_all_that(stack: Stack) -> None:
    assert stack.manage("verify_ledger") == 0
