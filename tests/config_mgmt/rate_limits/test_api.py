"""GET, PUT and DELETE of rate limits, their history and rollback; who may, and what is refused."""

from typing import Any, Final

import pytest

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import MOST_ENDPOINTS
from config_mgmt.queries.rate_limit_usage import usage
from events.models import OutboxEvent
from payment_engine.clock import now
from payment_engine.devserver.servers import EmbeddedValkey
from tenants.context import tenant_scope, use
from tenants.models import Tenant, TierDefault
from tenants.registry import TenantRecord
from tests.api import Api

pytestmark = pytest.mark.django_db
LIMITS: Final = "/config/tenants/alpha-bank/rate-limits"
TRANSACTIONS: Final = f"{LIMITS}?endpoint=/api/v1/transactions"
BODY: Final = {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60}
SLOWER: Final = BODY | {"rateLimitPerMinute": 400}


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


def put(api: Api, body: Any, path: str = TRANSACTIONS, **headers: str) -> Any:
    return api.send("PUT", path, body, **headers)


def numbers(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in BODY}


def problem(response: Any) -> tuple[int, str, list[str]]:
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"], [error["pointer"] for error in response.json()["errors"]]


def test_the_guides_limit_is_set_read_changed_and_in_force(api: Api) -> None:
    made = put(api, BODY)
    assert (made.status_code, made.headers["ETag"]) == (201, '"v1"')
    assert made.json() == BODY | {
        "endpoint": "/api/v1/transactions",
        "pattern": "/api/v1/transactions",
        "origin": "TENANT",
        "version": 1,
    }
    read = api.get(TRANSACTIONS)
    assert (read.json(), read.headers["ETag"]) == (made.json(), '"v1"')
    assert api.get("/transactions").headers["RateLimit-Policy"] == '"transactions";q=500;w=60'
    changed = put(api, SLOWER)
    assert (changed.status_code, changed.headers["ETag"], numbers(changed.json())) == (200, '"v2"', SLOWER)
    assert api.get("/transactions").headers["RateLimit-Policy"] == '"transactions";q=400;w=60'


def test_the_endpoint_may_stand_in_the_body(api: Api) -> None:
    assert put(api, BODY | {"endpoint": "/api/v1/accounts/*"}, LIMITS).status_code == 201
    assert put(api, BODY | {"endpoint": "/api/v1/accounts/*"}, f"{LIMITS}?endpoint=/api/v1/accounts/*").status_code == 200
    assert problem(put(api, BODY | {"endpoint": "*"}, TRANSACTIONS)) == (422, "endpoint_unclear", ["/endpoint"])


def test_an_equal_limit_makes_no_version(api: Api) -> None:
    put(api, BODY)
    again = put(api, BODY)
    assert (again.status_code, again.headers["ETag"]) == (200, '"v1"')


def test_without_an_endpoint_all_limits_are_listed_with_their_origin(api: Api) -> None:
    with use(None):
        TierDefault.objects.create(
            tier=Tenant.Tier.ENTERPRISE,
            kind="RATE_LIMIT",
            key="/api/v1/iso20022/*",
            value=BODY | {"rateLimitPerMinute": 30},
            changed_by="ops",
            changed_at=now(),
        )
    put(api, BODY)
    response = api.get(LIMITS)
    assert [(limit["endpoint"], limit["rateLimitPerMinute"], limit["origin"], limit["version"]) for limit in response.json()["data"]] == [
        ("*", 60_000, "DEFAULT", None),
        ("/api/v1/iso20022/*", 30, "TIER", None),
        ("/api/v1/transactions", 500, "TENANT", 1),
    ]
    assert response.headers["ETag"].startswith('W/"')


def test_an_endpoint_without_a_limit_of_its_own_is_decided_by_the_next_pattern(api: Api) -> None:
    put(api, BODY, f"{LIMITS}?endpoint=/api/v1/transactions/*")
    below = api.get(f"{LIMITS}?endpoint=/api/v1/transactions/preview")
    assert (below.json()["endpoint"], below.json()["pattern"]) == ("/api/v1/transactions/preview", "/api/v1/transactions/*")
    assert below.headers["ETag"] == '"v0"'
    usual = api.get(TRANSACTIONS).json()
    assert (usual["pattern"], usual["origin"], usual["version"], usual["rateLimitPerMinute"]) == ("*", "DEFAULT", None, 60_000)


def test_a_tier_row_overrides_the_built_in_default(api: Api) -> None:
    with use(None):
        TierDefault.objects.create(tier=Tenant.Tier.ENTERPRISE, kind="RATE_LIMIT", key="*", value=BODY, changed_by="ops", changed_at=now())
    assert (numbers(api.get(TRANSACTIONS).json()), api.get(TRANSACTIONS).json()["origin"]) == (BODY, "TIER")


def test_a_stale_copy_changes_nothing(api: Api) -> None:
    assert put(api, BODY, **{"If-Match": '"v0"'}).status_code == 201
    stale = put(api, SLOWER, **{"If-Match": '"v0"'})
    assert (stale.status_code, stale.json()["code"], stale.headers["ETag"]) == (412, "stale_version", '"v1"')
    assert put(api, SLOWER, **{"If-Match": '"v1"'}).headers["ETag"] == '"v2"'
    assert api.send("DELETE", TRANSACTIONS, **{"If-Match": '"v1"'}).status_code == 412
    assert api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": 1}, **{"If-Match": '"v1"'}).status_code == 412


def test_three_versions_with_who_and_why_and_the_values_before_and_after(api: Api) -> None:
    put(api, BODY | {"reason": "as agreed"})
    put(api, SLOWER | {"reason": "too many"})
    back = api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": 1, "reason": "it was fine"})
    assert (back.status_code, back.headers["ETag"], back.json()["newValue"]) == (200, '"v3"', BODY)
    put(api, BODY, f"{LIMITS}?endpoint=*")
    changes = api.get(f"{LIMITS}/history?endpoint=/api/v1/transactions").json()["data"]
    assert [(c["version"], c["oldValue"], c["newValue"], c["reason"], c["rollbackOf"]) for c in changes] == [
        (3, SLOWER, BODY, "it was fine", 1),
        (2, BODY, SLOWER, "too many", None),
        (1, None, BODY, "as agreed", None),
    ]
    assert {c["changedBy"] for c in changes} == {api.client_id}
    assert len(api.get(f"{LIMITS}/history").json()["data"]) == 4


def test_a_number_is_whole_however_json_writes_it(api: Api) -> None:
    assert put(api, {**BODY, "rateLimitPerMinute": 852.0}).json()["rateLimitPerMinute"] == 852
    assert problem(put(api, {**BODY, "rateLimitPerMinute": 852.5}))[2] == ["/rateLimitPerMinute"]


@pytest.mark.parametrize(("version", "status"), [(1.0, 200), (1.5, 422), (0, 422), (True, 422), ("1", 422), (2**31, 422)])
def test_a_version_is_a_whole_number_however_json_writes_it(api: Api, version: object, status: int) -> None:
    put(api, BODY)
    put(api, SLOWER)
    answer = api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": version})
    assert answer.status_code == status
    assert status == 200 or answer.json()["errors"][0]["pointer"] == "/version"


def test_a_rollback_with_a_key_happens_once(api: Api) -> None:
    put(api, BODY)
    put(api, SLOWER)
    answers = [api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": 1}, key="once") for _ in range(2)]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["ETag"] == '"v3"'
    unknown = api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": 9})
    assert problem(unknown)[:2] == (404, "not_found")


def test_a_limit_taken_away_leaves_the_tiers_and_can_be_brought_back(api: Api) -> None:
    put(api, BODY)
    assert api.send("DELETE", f"{TRANSACTIONS}&reason=over").status_code == 204
    assert api.get(TRANSACTIONS).json()["origin"] == "DEFAULT"
    assert problem(api.send("DELETE", TRANSACTIONS))[:2] == (404, "not_found")
    back = api.post(f"{LIMITS}/rollback", {"endpoint": "/api/v1/transactions", "version": 1})
    assert (back.json()["version"], back.json()["oldValue"], back.json()["newValue"]) == (3, None, BODY)
    assert api.get(TRANSACTIONS).json()["origin"] == "TENANT"
    assert put(api, SLOWER).status_code == 200


def test_a_limit_for_later_is_accepted_and_not_in_force(api: Api) -> None:
    later = put(api, BODY | {"activateAt": "2999-01-01T00:00:00Z"})
    assert (later.status_code, later.json()["status"], later.json()["activateAt"]) == (202, "SCHEDULED", "2999-01-01T00:00:00Z")
    assert "ETag" not in later.headers
    assert api.get(TRANSACTIONS).json()["origin"] == "DEFAULT"


def test_the_time_a_limit_takes_effect_can_be_any_that_exists(api: Api) -> None:
    assert put(api, BODY | {"activateAt": "0001-01-01T00:00:00+14:00"}).status_code == 201
    assert problem(put(api, SLOWER | {"activateAt": "9999-12-31T23:59:59-14:00"})) == (422, "activation_time_invalid", ["/activateAt"])
    assert [change["activateAt"] for change in api.get(f"{LIMITS}/history").json()["data"]] == [None]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rateLimitPerMinute": 0}, "/rateLimitPerMinute"),
        ({"rateLimitPerMinute": -500}, "/rateLimitPerMinute"),
        ({"rateLimitPerMinute": "500"}, "/rateLimitPerMinute"),
        ({"rateLimitPerMinute": 500.5}, "/rateLimitPerMinute"),
        ({"rateLimitPerMinute": 10**30}, "/rateLimitPerMinute"),
        ({"burstCapacity": 0}, "/burstCapacity"),
        ({"burstCapacity": None}, "/burstCapacity"),
        ({"windowSizeSeconds": 0}, "/windowSizeSeconds"),
        ({"windowSizeSeconds": 86_401}, "/windowSizeSeconds"),
        ({"windowSizeSeconds": True}, "/windowSizeSeconds"),
        ({"endpoint": "transactions"}, "/endpoint"),
    ],
)
def test_what_can_not_be_a_limit_is_422_with_what_is_allowed(api: Api, change: dict[str, Any], pointer: str) -> None:
    response = put(api, BODY | change, LIMITS if "endpoint" in change else TRANSACTIONS)
    assert problem(response) == (422, "validation_failed", [pointer])
    assert " from 1 to " in response.json()["detail"] or "an endpoint is a path" in response.json()["detail"]


def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    response = put(api, dict.fromkeys(BODY, -1))
    assert problem(response)[2] == [f"/{name}" for name in BODY]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", LIMITS, BODY, (422, ["?endpoint"])),
        ("DELETE", LIMITS, None, (422, ["?endpoint"])),
        ("PUT", f"{LIMITS}?endpoint=transactions", BODY, (422, ["?endpoint"])),
        ("GET", f"{LIMITS}?endpoint=transactions", None, (422, ["?endpoint"])),
        ("GET", f"{LIMITS}?path=*", None, (400, ["?path"])),
        ("PUT", TRANSACTIONS, BODY | {"unit": "requests"}, (400, ["/unit"])),
        ("PUT", TRANSACTIONS, {"rateLimitPerMinute": 500}, (422, ["/burstCapacity"])),
    ],
)
def test_what_is_missing_or_unknown_is_said(api: Api, method: str, path: str, body: Any, expected: tuple[int, list[str]]) -> None:
    response = api.send(method, path, body)
    assert (response.status_code, problem(response)[2]) == expected


def test_the_number_of_endpoints_is_limited(api: Api, in_tenant_a: TenantRecord) -> None:
    own = [_version(f"/api/v1/thing-{number}", BODY) for number in range(MOST_ENDPOINTS)]
    ConfigVersion.objects.bulk_create([*own, _version("/api/v1/taken-away", None)])
    response = put(api, BODY)
    assert problem(response) == (422, "too_many_rate_limits", [])
    assert put(api, SLOWER, f"{LIMITS}?endpoint=/api/v1/thing-7").status_code == 200


def _version(endpoint: str, value: Any) -> ConfigVersion:
    """As no operation would write it."""
    return ConfigVersion(
        kind="RATE_LIMIT", key=endpoint, version=1, value=value, status="ACTIVE", activated_at=now(), changed_by="x", changed_by_person="x"
    )


def test_each_change_leaves_an_event(api: Api, tenant_a: TenantRecord) -> None:
    put(api, BODY)
    with tenant_scope(tenant_a):
        event = OutboxEvent.objects.get(topic="config.changed")
        assert (event.payload["kind"], event.payload["key"], event.payload["version"]) == ("RATE_LIMIT", "/api/v1/transactions", 1)


def test_another_tenant_neither_sees_nor_changes_nor_feels_them(api: Api, tenant_b: TenantRecord) -> None:
    put(api, BODY)
    stranger = Api(tenant_b)
    for method, path, body in (
        ("GET", LIMITS, None),
        ("PUT", TRANSACTIONS, BODY),
        ("DELETE", TRANSACTIONS, None),
        ("GET", f"{LIMITS}/history", None),
        ("POST", f"{LIMITS}/rollback", {"endpoint": "*", "version": 1}),
    ):
        assert problem(stranger.send(method, path, body))[:2] == (403, "tenant_mismatch")
    own = stranger.get(LIMITS.replace("alpha", "beta")).json()["data"]
    assert [(limit["endpoint"], limit["origin"]) for limit in own] == [("*", "DEFAULT")]
    assert stranger.get("/transactions").headers["RateLimit-Policy"] == '"default";q=60000;w=60'


def test_a_stored_value_that_can_not_be_read_leaves_the_next_layer_in_force(api: Api, in_tenant_a: TenantRecord) -> None:
    _version("*", {"rateLimitPerMinute": -1}).save()
    assert api.get(TRANSACTIONS).json()["origin"] == "DEFAULT"


def test_usage_tells_what_is_left_of_each_policy(api: Api, valkey: EmbeddedValkey, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    put(api, BODY | {"rateLimitPerMinute": 1, "burstCapacity": 4})
    for _ in range(3):
        api.get("/transactions")
    shown = {item.policy.endpoint: item for item in usage(tenant_a)}
    assert (shown["/api/v1/transactions"].remaining, shown["/api/v1/transactions"].used_percent) == (1, 75)
    assert shown["*"].remaining == 90_000 - 1
    assert [(item.policy.endpoint, item.remaining, item.used_percent) for item in usage(tenant_b)] == [("*", 90_000, 0)]
    valkey.kill()
    assert {item.remaining for item in usage(tenant_a)} == {None}
    assert {item.used_percent for item in usage(tenant_a)} == {None}
