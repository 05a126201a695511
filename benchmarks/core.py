"""(b) The posting core: processes that call `submit_payments` in a tenant's scope, as the application's login."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from benchmarks.cpu import cpu_seconds
from benchmarks.helper import Helper
from benchmarks.measures import Measure

PROCESSES = 2
SETUPS = ((1, 1), (2, 1), (2, 2))
"""Processes, and parts of the tenant's accounts they share out among themselves."""


class Core:
    """Two posters; a measurement uses one of them or both."""

    def __init__(self, *, bank_file: Path, environment: Mapping[str, str], postgres_pid: int) -> None:
        self._postgres_pid = postgres_pid
        self._stack = ExitStack()
        self._posters = [
            self._stack.enter_context(Helper("benchmarks.poster", str(bank_file), environment=environment)) for _ in range(PROCESSES)
        ]
        for poster in self._posters:  # connect and make plans before the first measurement
            poster.order(batch=1, seconds=0.2, part=0, parts=1)
            poster.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def measure(self, *, batch: int, processes: int, parts: int, seconds: float) -> Measure:
        """In parts each process books between accounts of its own, as for different customers: no customer's account is wanted by both."""
        posters = self._posters[:processes]
        before = cpu_seconds([self._postgres_pid])
        for number, poster in enumerate(posters):
            poster.order(batch=batch, seconds=seconds, part=number % parts, parts=parts)
        answers = [poster.answer() for poster in posters]
        setup = f"{processes} process{'es' if processes > 1 else ''}{', accounts of their own' if parts > 1 else ''}"
        return Measure(
            variant=f"posting core, batch {batch}, {setup}",
            payments=sum(answer["payments"] for answer in answers),
            seconds=max(answer["seconds"] for answer in answers),
            client_cpu_seconds=0.0,
            python_cpu_seconds=sum(answer["cpu_seconds"] for answer in answers),
            postgres_cpu_seconds=cpu_seconds([self._postgres_pid]) - before,
        )
