"""`python -m benchmarks.middleware`: what middleware adds to each request, against a real Valkey."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.costs import Cost, cost, report_beside_servers
from benchmarks.seed import TENANT

BUDGET_MICROSECONDS: Final = 150
_NOBODY_LISTENS: Final = "redis://127.0.0.1:1/0"


def costs() -> Iterator[Cost]:
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
        request.tenant = tenant_by_slug(TENANT)  # type: ignore[attr-defined]  # as the tenant middleware leaves it
        caller = Principal(client_id="benchmark", tenant=TENANT, scopes=frozenset(), person="benchmark")
        request.principal = caller  # type: ignore[attr-defined]  # as above
        return request

    save_rate_limit(endpoint="/api/v1/accounts", value=RateLimit(per_minute=1, burst=1).as_value(), actor=Actor(name="b", person="b"))
    counted = rate_limit_middleware(view)
    payments, accounts = request_to("/api/v1/transactions"), request_to("/api/v1/accounts")
    within = partial(cost, budget_microseconds=BUDGET_MICROSECONDS)
    yield cost("an empty view", lambda: view(payments))
    yield cost("PING, the shortest round trip there is", redis_client().ping)
    yield within("an empty view under a rate limit", lambda: counted(payments))
    yield cost("the same, CPU of this process alone", lambda: counted(payments), cpu_only=True)
    yield within("a request that is refused", lambda: counted(accounts))
    with override_settings(REDIS_URL=_NOBODY_LISTENS):
        limiter.cache_clear()
        yield within("an empty view under a rate limit, Valkey away", lambda: counted(payments))


if __name__ == "__main__":
    sys.exit(report_beside_servers("benchmarks.middleware", costs))
