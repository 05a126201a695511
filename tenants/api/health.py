"""GET /health and /config/health: what works, said to callers (probes use /livez and /readyz)."""

from collections.abc import Callable
from typing import Final, Literal

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from msgspec import UNSET, UnsetType

from payment_engine.api.endpoints import HeaderParameter, Media, endpoint, operation
from payment_engine.api.json import Output, json_response
from payment_engine.api.openapi import REF
from payment_engine.api.problems import CONTENT_TYPE
from payment_engine.api.response_headers import RETRY_AFTER_AT_TIMES
from payment_engine.redis import redis_client
from tenants.api.examples import HEALTH, HEALTH_DOWN

WORKER_HEARTBEAT_KEY: Final = "heartbeat:worker"
_TENANT: Final = HeaderParameter(
    name="X-Tenant-ID",
    description="Slug or number of a tenant to report on as well.",
    schema={"type": "string", "pattern": "^[!-~]{1,60}$"},
)
State = Literal["UP", "DOWN"]


class Components(Output, frozen=True, kw_only=True):
    database: State
    cache: State
    worker: State


class TenantHealth(Output, frozen=True, kw_only=True):
    tenant_id: str
    reference: str
    status: str


class Health(Output, frozen=True, kw_only=True):
    """UP as long as payments can be made: the database decides. Without cache or worker things are slower, not wrong."""

    status: State
    components: Components
    tenant: TenantHealth | UnsetType = UNSET


# With a tenant to look up and no database to ask, the answer is the usual problem.
_DOWN: Final = Media(
    content={"application/json": Health, CONTENT_TYPE: {"$ref": REF.format(name="Problem")}},
    examples={"application/json": HEALTH_DOWN},
)


def _answer(request: HttpRequest) -> HttpResponse:
    database = _state(_ask_database)
    components = Components(database=database, cache=_state(lambda: redis_client().ping()), worker=_state(_ask_worker))
    tenant = getattr(request, "tenant", None)
    body = Health(
        status=database,
        components=components,
        tenant=TenantHealth(tenant_id=tenant.slug, reference=tenant.reference, status=tenant.status) if tenant else UNSET,
    )
    return json_response(body, 200 if database == "UP" else 503)


@operation(
    operation_id="getHealth",
    summary="Is the engine well?",
    tag="Health",
    public=True,
    headers=(_TENANT,),
    answers={200: Health, 503: _DOWN},
    answer_examples={200: HEALTH},
    sends={503: (RETRY_AFTER_AT_TIMES,)},
)
def get_health(request: HttpRequest) -> HttpResponse:
    return _answer(request)


@operation(
    operation_id="getConfigHealth",
    summary="Is the configuration well?",
    tag="Health",
    public=True,
    headers=(_TENANT,),
    answers={200: Health, 503: _DOWN},
    answer_examples={200: HEALTH},
    sends={503: (RETRY_AFTER_AT_TIMES,)},
)
def get_config_health(request: HttpRequest) -> HttpResponse:
    return _answer(request)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_worker() -> None:
    if not redis_client().exists(WORKER_HEARTBEAT_KEY):
        raise redis.ConnectionError("no worker has reported for half a minute")


def _state(ask: Callable[[], object]) -> State:
    try:
        ask()
    except (DatabaseError, redis.RedisError):
        return "DOWN"
    return "UP"


health = endpoint(GET=get_health)
config_health = endpoint(GET=get_config_health)
