"""(a) The reference: pgbench calling one SQL function per payment."""

import re
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks.cpu import cpu_seconds
from benchmarks.measures import Measure
from payment_engine.devserver.servers import postgres_binary

CLIENTS = 16
_DATABASE = "benchmark_reference"
_HERE = Path(__file__).parent


class Reference:
    """Lives in a database of its own in the product's cluster: both share buffers, WAL and disk, and no tenancy check meets its tables."""

    def __init__(self, *, owner_url: str, postgres_pid: int) -> None:
        self._conninfo = make_conninfo(owner_url, dbname=_DATABASE)
        self._postgres_pid = postgres_pid
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE}".encode())
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute((_HERE / "reference.sql").read_bytes())

    def measure(self, seconds: float) -> Measure:
        """16 clients, two threads, prepared statements, for whole seconds."""
        before = cpu_seconds([self._postgres_pid])
        length = ["-T", str(max(1, round(seconds)))]
        done = subprocess.run(
            [postgres_binary("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", *length, "-f", _HERE / "reference.pgbench"],
            env=_variables(self._conninfo),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        payments = int(_found(r"actually processed: (\d+)", done))
        return Measure(
            variant=f"reference: pgbench, {CLIENTS} clients",
            payments=payments,
            seconds=payments / float(_found(r"tps = ([\d.]+)", done)),
            client_cpu_seconds=0.0,
            python_cpu_seconds=0.0,
            postgres_cpu_seconds=cpu_seconds([self._postgres_pid]) - before,
            p50_ms=float(_found(r"latency average = ([\d.]+)", done)),
        )


def _variables(conninfo: str) -> dict[str, str]:
    """libpq's own variables: a password never stands on a command line."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return {names[name]: str(value) for name, value in conninfo_to_dict(conninfo).items() if name in names}


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"pgbench said something else than expected:\n{text}")
    return match[1]
