"""A dev run in small: real PostgreSQL and Valkey, and two toy services, one of which ignores SIGTERM and has a child.

Run as a program by the supervisor's tests: `python -m tests.devserver.toy_run FOLDER`. It writes FOLDER/pids.json.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from payment_engine.devserver.console import Console
from payment_engine.devserver.guard import Guard
from payment_engine.devserver.processes import spawn
from payment_engine.devserver.servers import EmbeddedPostgres, EmbeddedValkey
from payment_engine.devserver.supervisor import Service, StopRequested, Supervisor

OBEDIENT = "import time; print('obedient is here', flush=True); time.sleep(600)"
STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
if os.fork() == 0:
    pathlib.Path(sys.argv[1], 'grandchild').write_text(str(os.getpid()))
time.sleep(600)
"""


def toy(source: str, folder: Path) -> Callable[[int], subprocess.Popen[bytes]]:
    return lambda output: spawn([sys.executable, "-c", source, folder], output=output)


def main(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    valkey = EmbeddedValkey(folder / "valkey")
    services = [
        Service(
            name="postgres", launch=postgres.launch, is_ready=postgres.is_ready, stop_steps=((signal.SIGINT, 2.5), (signal.SIGQUIT, 0.7))
        ),
        Service(name="valkey", launch=valkey.launch, is_ready=valkey.is_ready, stop_steps=((signal.SIGTERM, 0.8),)),
        Service(name="obedient", launch=toy(OBEDIENT, folder), stop_steps=((signal.SIGTERM, 1.0),)),
        Service(name="stubborn", launch=toy(STUBBORN, folder), stop_steps=((signal.SIGTERM, 1.0),)),
    ]
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    guard = Guard(lock=lock)
    try:
        with Supervisor(console=Console(), guard=guard) as supervisor:
            for service in services:
                supervisor.start(service)
            while True:
                pids = {service.name: service.process.pid for service in services if service.is_running and service.process}
                (folder / "pids.new").write_text(json.dumps(pids | {"url": postgres.superuser_url}), encoding="utf-8")
                (folder / "pids.new").rename(folder / "pids.json")
                supervisor.wait_for(lambda: False, 0.1)
    except StopRequested:
        sys.stdout.write("stopped in order\n")
    finally:
        guard.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
