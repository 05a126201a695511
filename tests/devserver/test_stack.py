"""What `manage.py dev` refuses before it starts anything, and what it prints at the end."""

import os
import shlex
import socket
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from payment_engine.devserver.announcement import curl_line
from payment_engine.devserver.processes import free_port
from payment_engine.devserver.stack import DevRun, Refused, _lock, _reset, add_arguments, run_dev


def dev_run(folder: Path, port: int = 0) -> DevRun:
    return DevRun(port=port or free_port(), data_dir=folder, workers=1, reset=False)


@pytest.mark.parametrize(("workers", "web_processes"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_there_are_half_as_many_web_processes_as_workers(folder: Path, workers: int, web_processes: int) -> None:
    assert DevRun(port=8000, data_dir=folder, workers=workers, reset=False).web_processes == web_processes


HOLD = """
import fcntl, os, pathlib, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.write(str(os.getpid()))
lock.flush()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_run_on_the_same_folder_is_refused_in_one_sentence(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder / "lock")], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=rf"is in use by another dev run \(process {holder.pid}\)"):
            run_dev(dev_run(folder))
        holder.kill()


def test_the_lock_is_free_again_after_the_holder_has_gone(folder: Path) -> None:
    os.close(_lock(folder))
    os.close(_lock(folder))


def test_an_occupied_port_is_refused(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is taken"):
            run_dev(dev_run(folder, port))


def test_a_data_folder_that_can_not_be_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    for impossible in (folder / "file", folder / "file" / "below", folder / ("x" * 300)):
        with pytest.raises(Refused, match="can't be the data folder"):
            run_dev(dev_run(impossible))


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http"])
def test_a_port_that_can_not_be_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--port", port])
    assert "--port" in capsys.readouterr().err


def test_production_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ENV", "production")
    with pytest.raises(Refused, match="development"):
        run_dev(dev_run(folder))


def test_reset_removes_only_what_a_dev_run_makes(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "demo.json").write_text("{}")
    (folder / "thesis.txt").write_text("mine")
    _reset(folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_the_printed_curl_line_is_one_shell_command() -> None:
    line = curl_line("http://127.0.0.1:8000", token="a.b.c", debtor="acc_1", creditor="acc_2")
    words = shlex.split(line)
    assert words[:3] == ["curl", "-sS", "http://127.0.0.1:8000/api/v1/transactions"]
    assert "Authorization: Bearer a.b.c" in words
    assert "Idempotency-Key: $(date +%s%N)" in words
    assert '"Idempotency-Key: $(' in line  # in double quotes: the shell makes a new key for each paste
