"""`manage.py dev`: what the product is made of, and in which order it starts."""

import fcntl
import http.client
import os
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from payment_engine.devserver.addresses import PROJECT, forget_addresses, write_addresses
from payment_engine.devserver.announcement import announcement
from payment_engine.devserver.console import Console
from payment_engine.devserver.guard import Guard
from payment_engine.devserver.processes import die_with_parent, free_port, is_alive, port_is_free, spawn
from payment_engine.devserver.roles import ensure_database
from payment_engine.devserver.servers import EmbeddedPostgres, EmbeddedValkey, ServerFailed, kept_secret
from payment_engine.devserver.supervisor import Service, StartFailed, StopRequested, Supervisor

_LAST_PORT = 65535
_MOST_WORKERS = 64
_PREFERRED_POSTGRES_PORT, _PREFERRED_VALKEY_PORT = 55432, 56379
_REMAINS_SECONDS = 15.0
_READY_SECONDS = 90.0
_MADE_BY_US = ("postgres", "valkey", "var", "demo.json", "env", "roles.json", "secret_key")


class Refused(Exception):
    """`manage.py dev` cannot start here; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevRun:
    port: int
    data_dir: Path
    workers: int
    reset: bool

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def web_processes(self) -> int:
        """Half as many: beside each process that takes payments PostgreSQL needs a processor, and larger batches cost less."""
        return max(1, self.workers // 2)

    @property
    def demo_file(self) -> Path:
        return self.data_dir / "demo.json"


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise ArgumentTypeError(f"a port is a number from 1 to {_LAST_PORT}")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MOST_WORKERS:
        raise ArgumentTypeError(f"workers are 1 to {_MOST_WORKERS}")
    return int(text)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=8000, help="of the web server on 127.0.0.1 (default 8000)")
    parser.add_argument("--data-dir", type=Path, default=PROJECT / ".local", help="databases, secrets and demo.json (default .local)")
    parser.add_argument("--workers", type=_workers, default=2, help="Celery processes, and half as many web processes (default 2)")
    parser.add_argument("--reset", action="store_true", help="forget all data first")


def dev_run_of(options: Mapping[str, Any]) -> DevRun:
    return DevRun(port=options["port"], data_dir=options["data_dir"].resolve(), workers=options["workers"], reset=options["reset"])


def run_dev(run: DevRun) -> int:
    """Start everything, stay until Ctrl-C or SIGTERM, stop everything. Raises Refused before anything is started."""
    _refuse_production()
    try:
        lock = _lock(run.data_dir)
    except OSError as error:
        raise Refused(f"{run.data_dir} can't be the data folder ({error.strerror}): choose another DATA_DIR.") from None
    if not port_is_free(run.port):
        raise Refused(f"Port {run.port} is taken by another program: make run PORT={run.port + 1}")
    if run.reset:
        _reset(run.data_dir)
    if "MAKELEVEL" in os.environ:  # a kill -9 of make must not leave us running for nobody
        die_with_parent(signal.SIGTERM)
    console, guard = Console(), Guard(lock=lock)
    try:
        with Supervisor(console=console, guard=guard) as supervisor:
            _start(run, supervisor, console)
            supervisor.watch()
    except StopRequested:
        console.announce("Stopped.")
        return 0
    except StartFailed as failure:
        console.announce(f"Not started: {failure}")
        return 1
    finally:
        forget_addresses(run.data_dir)
        guard.close()
        os.close(lock)
    return 0


def _refuse_production() -> None:
    if os.environ.get("DJANGO_ENV") == "production":
        raise Refused("`manage.py dev` is for development: with DJANGO_ENV=production run the services by themselves (docs/operations.md).")


def _lock(data_dir: Path) -> int:
    """Hold the data folder until this process and its guard have ended; wait for what a killed run left behind."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _REMAINS_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            if (holder.isdigit() and is_alive(int(holder))) or time.monotonic() > deadline:
                os.close(descriptor)
                raise Refused(
                    f"{data_dir} is in use by another dev run (process {holder}): stop that one, or choose another DATA_DIR."
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return descriptor


def _reset(data_dir: Path) -> None:
    """Forget all data. Only what a dev run makes is removed, whatever folder was named."""
    for name in _MADE_BY_US:
        path = data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _start(run: DevRun, supervisor: Supervisor, console: Console) -> None:
    began_at = time.monotonic()
    environment = _environment(run)
    environment |= _start_postgres(run, supervisor, console)
    environment |= _start_valkey(run, supervisor, console)
    prepare = [sys.executable, "-m", "payment_engine.devserver.prepare", str(run.demo_file), run.base_url]
    supervisor.run_step("prepare", prepare, env=environment | {"DATABASE_LOGIN": "owner"}, cwd=PROJECT)
    write_addresses(run.data_dir, environment)
    if not port_is_free(run.port):  # the web server would share it
        raise StartFailed(f"port {run.port} was taken by another program meanwhile: make run PORT={run.port + 1}")
    supervisor.start(_web(run, environment))
    if not supervisor.wait_for(lambda: _answers(run, "/readyz"), _READY_SECONDS):
        raise StartFailed(f"{run.base_url}/readyz did not answer 200 within {_READY_SECONDS:.0f} s.")
    for service in _helpers(run, environment):
        supervisor.start(service)
    console.announce(announcement(base_url=run.base_url, data_dir=run.data_dir, seconds=time.monotonic() - began_at))


def _environment(run: DevRun) -> dict[str, str]:
    var = run.data_dir / "var"
    var.mkdir(mode=0o700, exist_ok=True)
    metrics = var / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)  # counters of processes that are gone would be added for ever
    metrics.mkdir()
    defaults = {
        "DJANGO_SECRET_KEY": kept_secret(run.data_dir / "secret_key"),
        "CELERY_BEAT_SCHEDULE_FILENAME": str(var / "celerybeat-schedule"),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_ENV": "development",
    }
    return defaults | os.environ


def _start_postgres(run: DevRun, supervisor: Supervisor, console: Console) -> dict[str, str]:
    if os.environ.get("DATABASE_URL"):
        console.say("postgres", "not started: DATABASE_URL is set")
        return {}
    try:
        postgres = EmbeddedPostgres(run.data_dir / "postgres", free_port(_PREFERRED_POSTGRES_PORT))
    except ServerFailed as failure:
        raise StartFailed(str(failure)) from failure
    supervisor.start(
        Service(
            name="postgres",
            launch=postgres.launch,
            is_ready=postgres.is_ready,
            stop_steps=((signal.SIGINT, 4.0), (signal.SIGQUIT, 0.7)),
        )
    )
    urls = ensure_database(postgres.superuser_url, passwords_file=run.data_dir / "roles.json")
    console.say("postgres", f"ready on 127.0.0.1:{postgres.port}, data in {postgres.data_dir}")
    return urls.environment()


def _start_valkey(run: DevRun, supervisor: Supervisor, console: Console) -> dict[str, str]:
    if os.environ.get("REDIS_URL"):
        console.say("valkey", "not started: REDIS_URL is set")
        return {}
    try:
        valkey = EmbeddedValkey(run.data_dir / "valkey", free_port(_PREFERRED_VALKEY_PORT))
    except ServerFailed as failure:
        raise StartFailed(str(failure)) from failure
    supervisor.start(Service(name="valkey", launch=valkey.launch, is_ready=valkey.is_ready, stop_steps=((signal.SIGTERM, 0.8),)))
    console.say("valkey", f"ready on 127.0.0.1:{valkey.port}")
    return {"REDIS_URL": valkey.url}


def _web(run: DevRun, environment: Mapping[str, str]) -> Service:
    place = ["--interface", "rsgi", "--loop", "uvloop", "--host", "127.0.0.1", "--port", str(run.port), "--no-ws"]
    size = ["--workers", str(run.web_processes)]
    repair = ["--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "3"]
    return _python_service("web", ["-m", "granian", *place, *size, *repair, "payment_engine.rsgi:application"], environment)


def _helpers(run: DevRun, environment: Mapping[str, str]) -> list[Service]:
    celery = ["-m", "celery", "--app", "payment_engine"]
    concurrency = ["--concurrency", str(run.workers), "--without-gossip", "--without-mingle"]
    return [
        _python_service("worker", [*celery, "worker", "--loglevel", "INFO", *concurrency], environment),
        _python_service("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile="], environment),
        _python_service("sweeper", [str(PROJECT / "manage.py"), "sweep"], environment),
    ]


def _python_service(name: str, arguments: list[str], environment: Mapping[str, str]) -> Service:
    # glibc else keeps an arena for each thread: freed memory of one is no use to the others.
    env = {"MALLOC_ARENA_MAX": "2", **environment}
    return Service(name=name, launch=lambda output: spawn([sys.executable, *arguments], output=output, env=env, cwd=PROJECT))


def _answers(run: DevRun, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
