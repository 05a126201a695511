"""`python -m benchmarks.middleware`: what middleware adds to each request, against a real Valkey."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from time import thread_time
from timeit import Timer
from typing import Final

import django

from benchmarks.decisions import INSIDE, ROUNDS, Cost, cost
from benchmarks.helper import PROJECT, run
from benchmarks.machine import machine
from benchmarks.seed import TENANTS
from benchmarks.servers import BenchmarkServers

BUDGET_MICROSECONDS: Final = 150
_LOOPS: Final = 5_000
_NOBODY_LISTENS: Final = "redis://127.0.0.1:1/0"


def rate_limits() -> Iterator[Cost]:
    """Policy of the path, one round trip to Valkey, two header fields; and without Valkey. The loop and an empty view are included."""
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory, override_settings

    from config_mgmt.operations.rate_limits import save_rate_limit
    from config_mgmt.rate_limits.limiter import limiter
    from config_mgmt.rate_limits.limits import RateLimit
    from config_mgmt.rate_limits.middleware import rate_limit_middleware
    from config_mgmt.values import Actor
    from payment_engine.redis import redis_client
    from tenants.principal import Principal
    from tenants.registry import tenant_by_slug

    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def request_to(path: str) -> HttpRequest:
        request = RequestFactory().get(path)
        request.tenant = tenant_by_slug(TENANTS[0])  # type: ignore[attr-defined]  # as the tenant middleware leaves it
        caller = Principal(client_id="benchmark", tenant=TENANTS[0], scopes=frozenset(), person="benchmark")
        request.principal = caller  # type: ignore[attr-defined]  # as above
        return request

    save_rate_limit(endpoint="/api/v1/accounts", value=RateLimit(per_minute=1, burst=1).as_value(), actor=Actor(name="b", person="b"))
    counted = rate_limit_middleware(view)
    payments, accounts = request_to("/api/v1/transactions"), request_to("/api/v1/accounts")
    within = partial(cost, budget_microseconds=BUDGET_MICROSECONDS)
    yield cost("an empty view", lambda: view(payments))
    yield cost("PING, the shortest round trip there is", redis_client().ping)
    yield within("an empty view under a rate limit", lambda: counted(payments))
    yield cpu_cost("the same, CPU of this process alone", lambda: counted(payments))
    yield within("a request that is refused", lambda: counted(accounts))
    with override_settings(REDIS_URL=_NOBODY_LISTENS):
        limiter.cache_clear()
        yield within("an empty view under a rate limit, Valkey away", lambda: counted(payments))


def cpu_cost(name: str, call: Callable[[], object]) -> Cost:
    """What does not move with whatever else the machine does."""
    timer = Timer(call, timer=thread_time)
    rounds = sorted(1e6 * seconds / _LOOPS for seconds in timer.repeat(ROUNDS, _LOOPS))
    return Cost(name=name, median_microseconds=rounds[ROUNDS // 2], best_microseconds=rounds[0])


SECTIONS: Final[tuple[Callable[[], Iterator[Cost]], ...]] = (rate_limits,)


def main() -> int:
    """Servers of our own and the benchmark's bank around a fresh process that measures; 1 when a budget is exceeded."""
    with BenchmarkServers() as servers, tempfile.TemporaryDirectory(prefix="payment-engine-benchmark-") as folder:
        mode = {"DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "payment_engine.settings", "VAR_DIR": folder}
        environment = os.environ | servers.environment | mode
        print("migrating and seeding…", file=sys.stderr, flush=True)
        run(["-m", "benchmarks.seed"], environment | {"DATABASE_LOGIN": "owner"})
        return subprocess.run([sys.executable, "-m", "benchmarks.middleware", INSIDE], cwd=PROJECT, env=environment, check=False).returncode


def measure() -> int:
    django.setup()
    from config_mgmt.refresher import start_refresher
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    start_refresher()  # as a web process has it: no request reads the registry
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
