"""(a) The reference: pgbench calling one SQL function per payment."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.cpu import cpu_seconds
from benchmarks.measures import Measure
from payment_engine.devserver.servers import postgres_binary

CLIENTS = 16
_HERE = Path(__file__).parent


class Reference:
    """Lives in a schema of its own in the database of the product, so that both share buffers, WAL and disk."""

    def __init__(self, *, owner_url: str, postgres_pid: int) -> None:
        self._url = owner_url
        self._postgres_pid = postgres_pid
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute((_HERE / "reference.sql").read_text().encode())

    def measure(self, seconds: float) -> Measure:
        """16 clients, two threads, prepared statements, for whole seconds."""
        before = cpu_seconds([self._postgres_pid])
        length = ["-T", str(max(1, round(seconds)))]
        done = subprocess.run(
            [postgres_binary("pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", *length, "-f", _HERE / "reference.pgbench"],
            env=_login(self._url),
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


def _login(url: str) -> dict[str, str]:
    """libpq's own variables: a password never stands on a command line."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {
        "PGHOST": str(parts.get("host", "127.0.0.1")),
        "PGPORT": str(parts["port"]),
        "PGUSER": str(parts["user"]),
        "PGPASSWORD": str(parts["password"]),
        "PGDATABASE": urlsplit(url).path.lstrip("/"),
    }


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"pgbench said something else than expected:\n{text}")
    return match[1]
