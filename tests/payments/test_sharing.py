"""When a batch begins: at once for a lone caller, and as soon as those who were answered last are back for many."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from payments.operations import sharing
from payments.values import Outcome, SubmitPayment
from tenants.database.on_loop import run_on_loop

_SECONDS: Final = 0.2
"""Of a batch; who was answered is back in far less."""


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[int]:
    """How many payments each batch had. Booking them takes a while and does nothing."""
    sizes: list[int] = []

    def book(items: Sequence[SubmitPayment]) -> list[Outcome]:
        time.sleep(_SECONDS)
        sizes.append(len(items))
        return [Outcome() for _ in items]

    settings.PAYMENTS_SHARE_TRANSACTIONS = True
    monkeypatch.setattr(sharing, "submit_payments", book)
    monkeypatch.setattr(sharing, "look_after_connections", lambda: None)
    monkeypatch.setattr(sharing, "_queues", {})
    monkeypatch.setattr(sharing, "_GATHERING_MAX_SECONDS", 10 * _SECONDS)
    return sizes


def submit() -> None:
    item = SubmitPayment(payment_type="T", debtor_account="D", creditor_account="C", amount_minor=1, currency="EUR")
    sharing.submit_payment(item)


def pay(*times: int) -> None:
    """One caller on the event loop for each number, who makes so many payments one after another."""

    async def caller(count: int) -> None:
        for _ in range(count):
            await run_on_loop(submit)

    async def all_of_them() -> None:
        await asyncio.gather(*map(caller, times))

    asyncio.run(all_of_them())


def test_those_who_were_answered_together_are_booked_together_again(batches: list[int]) -> None:
    pay(3, 3, 3, 3, 3, 3)

    assert batches == [6, 6, 6]


def test_who_does_not_come_back_is_waited_for_as_long_as_the_last_batch_took(batches: list[int]) -> None:
    began = time.monotonic()

    pay(1, 2, 2)

    assert batches == [3, 2]
    assert time.monotonic() - began >= 3 * _SECONDS * 0.95


def test_it_is_never_waited_for_longer_than_the_limit(batches: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_GATHERING_MAX_SECONDS", 0.001)
    began = time.monotonic()

    pay(1, 2, 2)

    assert batches == [3, 2]
    assert time.monotonic() - began < 3 * _SECONDS * 0.95


def test_a_lone_caller_never_waits(batches: list[int]) -> None:
    began = time.monotonic()

    pay(4)

    assert batches == [1, 1, 1, 1]
    assert time.monotonic() - began < 5 * _SECONDS


def test_a_thread_waits_for_nobody(batches: list[int]) -> None:
    pay(1, 1, 1)
    began = time.monotonic()

    with ThreadPoolExecutor(2) as threads:
        for _ in range(2):
            threads.submit(submit)

    assert sum(batches) == 5
    assert time.monotonic() - began < 2.5 * _SECONDS


def test_a_thread_takes_those_along_who_wait_on_the_loop(batches: list[int]) -> None:
    """Four were there, two are back: they would wait for the others, but a thread does not."""
    pay(1, 1, 1, 1)

    async def two_and_a_thread() -> None:
        callers = [asyncio.ensure_future(run_on_loop(submit)) for _ in range(2)]
        await asyncio.sleep(_SECONDS / 10)
        await asyncio.gather(asyncio.get_running_loop().run_in_executor(None, submit), *callers)

    asyncio.run(two_and_a_thread())

    assert batches == [4, 3]
