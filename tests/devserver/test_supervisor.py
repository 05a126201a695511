"""The supervisor as a program: what it starts again, how it stops, and what is left when it is killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from payment_engine.devserver.processes import is_alive
from tests.devserver.conftest import all_gone, eventually


class ToyRun:
    """`toy_run.py` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.devserver.toy_run", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert eventually(lambda: (folder / "pids.json").exists() and (folder / "grandchild").exists() and len(self.pids()) == 5, 20)

    def pids(self) -> dict[str, int]:
        started = {name: pid for name, pid in self.state().items() if name != "url"}
        return {**started, "grandchild": int((self.folder / "grandchild").read_text() or 0)}

    def state(self) -> dict[str, int]:
        state: dict[str, int] = json.loads((self.folder / "pids.json").read_text())
        return state

    @property
    def url(self) -> str:
        return str(self.state()["url"])

    def end(self) -> str:
        output, _ = self.process.communicate(timeout=15)
        return output


@pytest.fixture
def toy(folder: Path) -> Iterator[ToyRun]:
    run = ToyRun(folder)
    yield run
    if run.process.poll() is None:
        run.process.kill()
    run.process.communicate(timeout=15)


def test_a_killed_child_is_started_again(toy: ToyRun) -> None:
    before = toy.pids()
    for name in ("postgres", "valkey", "obedient"):
        subprocess.run(["kill", "-9", str(before[name])], check=True)
    assert eventually(lambda: all(toy.pids().get(name, before[name]) != before[name] for name in ("postgres", "valkey", "obedient")), 5)
    assert eventually(lambda: answers(toy.url), 5)
    assert toy.pids()["stubborn"] == before["stubborn"]


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=1) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_sigterm_stops_everything_within_ten_seconds_even_who_ignores_it(toy: ToyRun) -> None:
    pids = list(toy.pids().values())
    began_at = time.monotonic()
    toy.process.send_signal(signal.SIGTERM)
    output = toy.end()
    assert time.monotonic() - began_at < 10
    assert toy.process.returncode == 0
    assert all_gone(pids)
    assert "obedient | obedient is here" in output
    assert "stubborn | did not stop in time; killed" in output
    assert "stopped in order" in output


def test_a_second_interrupt_does_not_wait_for_the_stubborn(toy: ToyRun) -> None:
    pids = list(toy.pids().values())
    toy.process.send_signal(signal.SIGINT)
    time.sleep(0.6)
    began_at = time.monotonic()
    toy.process.send_signal(signal.SIGINT)
    toy.end()
    assert time.monotonic() - began_at < 2
    assert all_gone(pids)


def test_kill_of_the_supervisor_leaves_nothing_and_loses_nothing(toy: ToyRun) -> None:
    pids = toy.pids()
    with psycopg.connect(toy.url) as connection:
        connection.execute("CREATE TABLE survivor AS SELECT 1 AS n")
    toy.process.kill()
    toy.process.wait()
    assert eventually(lambda: all_gone([pids[name] for name in ("postgres", "valkey", "obedient")]), 3)
    assert "shut down" in control_data(toy.folder)  # the kernel's SIGINT, not a crash
    assert eventually(lambda: all_gone(list(pids.values())), 10), "the guard ends who ignores SIGTERM, and its children"


def control_data(folder: Path) -> str:
    from payment_engine.devserver.servers import postgres_binary

    printed = subprocess.run(
        [postgres_binary("pg_controldata"), folder / "postgres" / "cluster"], capture_output=True, text=True, check=True
    )
    return next(line for line in printed.stdout.splitlines() if line.startswith("Database cluster state"))


def test_zombies_do_not_count_as_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert eventually(lambda: not is_alive(child.pid))
    child.wait()
