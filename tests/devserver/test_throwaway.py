"""Servers for one command: addresses in its environment, its exit code passed on, nothing left behind."""

import subprocess
import sys
from pathlib import Path

from tests.devserver.conftest import eventually

WITH_SERVERS = [sys.executable, "-m", "payment_engine.devserver.with_servers", "--"]
CONNECT = """
import os, pathlib, psycopg, sys, urllib.parse
with psycopg.connect(os.environ['DATABASE_URL']) as connection:
    print(connection.execute('SELECT current_user').fetchone()[0])
query = urllib.parse.parse_qs(urllib.parse.urlsplit(os.environ['DATABASE_URL']).query)
print(pathlib.Path(query['host'][0]).parent, flush=True)
"""


def test_a_command_finds_the_servers_and_its_exit_code_comes_back() -> None:
    done = subprocess.run([*WITH_SERVERS, sys.executable, "-c", CONNECT + "sys.exit(7)"], capture_output=True, text=True, check=False)
    user, folder = done.stdout.split()
    assert (user, done.returncode) == ("payment_engine_role", 7)
    assert not Path(folder).exists()


def test_a_kill_removes_servers_and_folder() -> None:
    run = subprocess.Popen(
        [*WITH_SERVERS, sys.executable, "-c", CONNECT + "import time; time.sleep(15)"], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "payment_engine_role\n"
    folder = Path(run.stdout.readline().strip())
    assert folder.exists()
    run.kill()
    run.wait()
    assert eventually(lambda: not folder.exists(), 12)
    run.stdout.close()
