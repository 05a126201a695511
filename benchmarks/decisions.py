"""`python -m benchmarks.decisions`: what a decision costs in a warm process. One function per kind of decision, one table."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from timeit import Timer
from typing import Final

import django

from benchmarks.helper import PROJECT, run
from benchmarks.machine import machine
from benchmarks.seed import TENANTS
from benchmarks.servers import BenchmarkServers

INSIDE: Final = "--inside"
ROUNDS: Final = 7
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


def cost(name: str, call: Callable[[], object], *, budget_microseconds: float = 0) -> Cost:
    call()
    timer = Timer(call)
    loops, _ = timer.autorange()
    rounds = sorted(_MICROSECONDS * seconds / loops for seconds in timer.repeat(ROUNDS, loops))
    return Cost(name=name, median_microseconds=rounds[ROUNDS // 2], best_microseconds=rounds[0], budget_microseconds=budget_microseconds)


def flags() -> Iterator[Cost]:
    """Feature flags as code asks for them: snapshot of the tenant in context, targeting, hash, variant."""
    from config_mgmt.flags import is_active, variant
    from config_mgmt.flags.documents import FeatureDocument
    from config_mgmt.operations.features import save_feature
    from config_mgmt.values import Actor
    from payment_engine.api.json import decode

    actor = Actor(name="benchmark", person="benchmark")
    for key, config in _FLAGS.items():
        document = decode(b'{"enabled": true, "config": %s}' % config, FeatureDocument)
        save_feature(key=key, document=document, actor=actor)
    unit, customer = "acc_0198f3a2c4d87d1e9a55c1f0e2b7a913", "cus_0198f3a2c4d87d1e9a55c1f0e2b7a913"
    within = partial(cost, budget_microseconds=2)
    yield within("unknown flag", lambda: is_active("unknown", unit=unit))
    yield within("flag for all", lambda: is_active("for-all", unit=unit))
    yield within("flag at 50 %", lambda: is_active("half", unit=unit))
    yield within("flag at 50 %, two attributes given", lambda: is_active("half", unit=unit, channel="api", customer=customer))
    yield within("flag at 50 % of whom a rule matches", lambda: is_active("targeted", unit=unit, channel="api"))
    yield within("flag at 50 % with a schedule", lambda: is_active("scheduled", unit=unit))
    yield cost("variant, one of three", lambda: variant("varied", unit=unit))


_FLAGS: Final = {
    "for-all": b"{}",
    "half": b'{"rolloutPercentage": 50}',
    "targeted": b'{"rolloutPercentage": 50, "targeting": [{"constraints":'
    b' [{"attribute": "channel", "operator": "IN", "values": ["api", "branch"]}]}]}',
    "scheduled": b'{"rolloutPercentage": 50, "schedule": {"activeFrom": "2020-01-01T00:00:00Z"}}',
    "varied": b'{"variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}, {"name": "c", "weight": 1}]}',
}
SECTIONS: Final[tuple[Callable[[], Iterator[Cost]], ...]] = (flags,)


def main() -> int:
    """Servers of our own and the benchmark's bank around a fresh process that measures; 1 when a budget is exceeded."""
    with BenchmarkServers() as servers, tempfile.TemporaryDirectory(prefix="payment-engine-benchmark-") as folder:
        mode = {"DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "payment_engine.settings", "VAR_DIR": folder}
        environment = os.environ | servers.environment | mode
        print("migrating and seeding…", file=sys.stderr, flush=True)
        run(["-m", "benchmarks.seed"], environment | {"DATABASE_LOGIN": "owner"})
        return subprocess.run([sys.executable, "-m", "benchmarks.decisions", INSIDE], cwd=PROJECT, env=environment, check=False).returncode


def measure() -> int:
    django.setup()
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    print(f"{'microseconds per call':<60} {'median':>8} {'best':>8} {'budget':>8}")
    exceeded = 0
    with tenant_scope(tenant_by_slug(TENANTS[0])):
        for section in SECTIONS:
            for each in section():
                print(each.line, flush=True)
                exceeded += not each.within_budget
    print(machine().sentence)
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(measure() if INSIDE in sys.argv[1:] else main())
