"""(c) Payments over HTTP, served by the web server exactly as `make run` starts it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from benchmarks.cpu import cpu_seconds
from benchmarks.helper import Helper
from benchmarks.measures import Measure
from benchmarks.web import Web


class Rest:
    """A load generator beside the web server."""

    def __init__(self, *, web: Web, bank_file: Path, environment: Mapping[str, str], postgres_pid: int) -> None:
        self._web = web
        self._postgres_pid = postgres_pid
        self._load = Helper("benchmarks.load", str(bank_file), str(web.port), environment=environment)

    def __enter__(self) -> Self:
        self.measure(connections=32, hot=False, seconds=1)  # every thread has its connection and its plans before it counts
        return self

    def __exit__(self, *_error: object) -> None:
        self._load.close()

    def measure(self, *, connections: int, hot: bool, seconds: float) -> Measure:
        web, postgres = cpu_seconds([self._web.pid]), cpu_seconds([self._postgres_pid])
        self._load.order(connections=connections, hot=hot, seconds=seconds)
        answer = self._load.answer()
        return Measure(
            variant=f"REST, {connections} connections, {'one hot creditor' if hot else 'spread accounts'}",
            payments=answer["payments"],
            seconds=answer["seconds"],
            client_cpu_seconds=answer["cpu_seconds"],
            python_cpu_seconds=cpu_seconds([self._web.pid]) - web,
            postgres_cpu_seconds=cpu_seconds([self._postgres_pid]) - postgres,
            p50_ms=answer["p50_ms"],
            p99_ms=answer["p99_ms"],
        )
