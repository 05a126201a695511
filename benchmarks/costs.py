"""What one call costs in a warm process: the table that the small benchmarks print, and the servers they may need."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter, thread_time
from timeit import Timer
from typing import Final

import django

from benchmarks.helper import PROJECT, run
from benchmarks.machine import machine
from benchmarks.seed import TENANT
from benchmarks.servers import BenchmarkServers

ROUNDS: Final = 7
_INSIDE: Final = "--inside"
_MICROSECONDS: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call costs, the loop around it included. `budget` is what it may cost, 0 where nothing is promised."""

    name: str
    median_microseconds: float
    best_microseconds: float
    budget_microseconds: float = 0

    @property
    def within_budget(self) -> bool:
        return not self.budget_microseconds or self.median_microseconds <= self.budget_microseconds

    @property
    def line(self) -> str:
        budget = f"{self.budget_microseconds:>8.1f}" if self.budget_microseconds else " " * 8
        verdict = "" if self.within_budget else "  TOO MUCH"
        return f"{self.name:<60} {self.median_microseconds:>8.2f} {self.best_microseconds:>8.2f} {budget}{verdict}"


def cost(name: str, call: Callable[[], object], *, budget_microseconds: float = 0, cpu_only: bool = False) -> Cost:
    """`cpu_only`: of this thread alone, which does not move with whatever else the machine does."""
    call()
    timer = Timer(call, timer=thread_time if cpu_only else perf_counter)
    loops, _ = timer.autorange()
    rounds = sorted(_MICROSECONDS * seconds / loops for seconds in timer.repeat(ROUNDS, loops))
    return Cost(name=name, median_microseconds=rounds[ROUNDS // 2], best_microseconds=rounds[0], budget_microseconds=budget_microseconds)


def report(costs: Iterable[Cost]) -> int:
    """Prints each as soon as it is known; 1 when a budget is exceeded, as an exit status."""
    print(f"{'microseconds per call':<60} {'median':>8} {'best':>8} {'budget':>8}")
    exceeded = 0
    for each in costs:
        print(each.line, flush=True)
        exceeded += not each.within_budget
    print(machine().sentence)
    return 1 if exceeded else 0


def report_beside_servers(module: str, costs: Callable[[], Iterable[Cost]]) -> int:
    """The same in a fresh process beside servers of our own, in the scope of the first tenant of the benchmark's bank.

    That process runs `module` again, which comes here again.
    """
    if _INSIDE in sys.argv[1:]:
        return _report_in_scope(costs)
    with BenchmarkServers() as servers, tempfile.TemporaryDirectory(prefix="payment-engine-benchmark-") as folder:
        mode = {"DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "payment_engine.settings", "VAR_DIR": folder}
        environment = os.environ | servers.environment | mode
        print("migrating and seeding…", file=sys.stderr, flush=True)
        run(["-m", "benchmarks.seed"], environment | {"DATABASE_LOGIN": "owner"})
        return subprocess.run([sys.executable, "-m", module, _INSIDE], cwd=PROJECT, env=environment, check=False).returncode


def _report_in_scope(costs: Callable[[], Iterable[Cost]]) -> int:
    django.setup()
    from config_mgmt.refresher import start_refresher
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    start_refresher()  # as a web process has it: nothing asks the registry
    with tenant_scope(tenant_by_slug(TENANT)):
        return report(costs())
