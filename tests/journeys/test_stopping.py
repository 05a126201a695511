"""The end of a dev run, and the next one on the same data. Last of the journeys, since it stops the run they share."""

import os
import signal
from decimal import Decimal

import pytest

from payment_engine.devserver.processes import is_alive
from tests.journeys.stack import Stack, eventually

pytestmark = [pytest.mark.xdist_group("journeys"), pytest.mark.timeout(240)]


def test_sigterm_ends_everything_within_ten_seconds_and_the_next_start_finds_all_data(stack: Stack) -> None:
    caller = stack.caller()
    payment = caller.pay("12.34", key="before-the-stop").json
    booked, demo, processes = caller.booked(caller.accounts()[0]), stack.demo, stack.processes()
    assert len(processes) > 6
    seconds = stack.stop()
    assert seconds < 10
    assert not [pid for pid in processes if is_alive(pid)]
    assert stack.processes() == []
    assert stack.log.rstrip().endswith("Stopped.")

    stack.start()
    again = stack.caller()
    assert stack.demo == demo
    assert again.get(f"/transactions/{payment['transactionId']}").json["amount"] == "12.34"
    assert again.booked(again.accounts()[0]) == booked
    replayed = again.pay("12.34", key="before-the-stop")
    assert (replayed.json["transactionId"], replayed.headers["idempotent-replayed"]) == (payment["transactionId"], "true")


def test_kill_9_of_the_supervisor_leaves_nothing_behind_and_loses_no_payment(stack: Stack) -> None:
    caller = stack.caller()
    before = Decimal(caller.booked(caller.accounts()[0]))
    assert caller.pay("1.00", key="before-the-kill").status == 201
    processes = stack.processes()
    stack.stop(signal.SIGKILL)
    assert eventually(lambda: not any(is_alive(pid) for pid in processes), 15), [pid for pid in processes if is_alive(pid)]
    stack.start()
    again = stack.caller()
    assert again.pay("1.00", key="before-the-kill").headers["idempotent-replayed"] == "true"
    assert Decimal(again.booked(again.accounts()[0])) == before - 1


def test_second_run_on_the_same_folder_is_refused(stack: Stack) -> None:
    assert stack.manage("dev", "--port", str(stack.port), "--data-dir", str(stack.data_dir)) == 1
    assert stack.send("GET", "/readyz").status == 200
    assert os.path.lexists(stack.data_dir / "lock")
