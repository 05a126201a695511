"""The end of a dev run, by force and in order. Last of the journeys, since it stops the run they share."""

import signal
import subprocess
from decimal import Decimal

import pytest

from payment_engine.devserver.processes import is_alive
from tests.journeys.stack import PROJECT, Stack, clean_environment, eventually

pytestmark = pytest.mark.timeout(240)


def test_second_run_on_the_same_folder_is_refused(stack: Stack) -> None:
    second = subprocess.run(stack.command, cwd=PROJECT, env=clean_environment(), capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"{stack.data_dir} is in use by another dev run")
    assert len(second.stderr.splitlines()) == 1
    assert stack.send("GET", "/readyz").status == 200


def test_kill_9_of_the_supervisor_leaves_nothing_behind_and_the_next_start_finds_all_data(stack: Stack) -> None:
    caller = stack.caller()
    debtor = caller.accounts()[0]
    before, demo = Decimal(caller.booked(debtor)), stack.demo
    payment = caller.pay("12.34", key="before-the-kill").json
    processes = stack.processes()
    assert len(processes) > 6
    stack.stop(signal.SIGKILL)
    assert eventually(lambda: not any(is_alive(pid) for pid in processes), 15), [pid for pid in processes if is_alive(pid)]

    stack.start()
    again = stack.caller()
    assert stack.demo == demo
    assert again.get(f"/transactions/{payment['transactionId']}").json["amount"] == "12.34"
    replayed = again.pay("12.34", key="before-the-kill")
    assert (replayed.json["transactionId"], replayed.headers["idempotent-replayed"]) == (payment["transactionId"], "true")
    assert Decimal(again.booked(debtor)) == before - Decimal("12.34")


def test_sigterm_ends_everything_within_ten_seconds(stack: Stack) -> None:
    processes = stack.processes()
    assert stack.stop() < 10
    assert not [pid for pid in processes if is_alive(pid)]
    assert stack.processes() == []
    assert stack.log.rstrip().endswith("Stopped.")
