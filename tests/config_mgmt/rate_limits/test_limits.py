"""What a rate limit may be, and which one a path is under."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_mgmt.rate_limits.endpoints import Policies, Policy, check_endpoint, merged
from config_mgmt.rate_limits.limits import RateLimit
from payment_engine.errors import ValidationFailed

GOOD = {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60}


def policy(endpoint: str, per_minute: int = 10, origin: Any = "TENANT") -> Policy:
    return Policy(tenant="alpha-bank", endpoint=endpoint, limit=RateLimit(per_minute=per_minute, burst=1), origin=origin)


def under(*endpoints: str) -> Policies:
    return Policies(all=tuple(policy(endpoint) for endpoint in ("*", *endpoints)))


def test_a_value_is_read_and_written_back_as_it_was() -> None:
    limit = RateLimit.of_value(GOOD)
    assert limit == RateLimit(per_minute=500, burst=750, window_seconds=60)
    assert limit.as_value() == GOOD


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"rateLimitPerMinute": 0}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"rateLimitPerMinute": -5}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"rateLimitPerMinute": 1_000_001}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"rateLimitPerMinute": True}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"rateLimitPerMinute": "500"}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"rateLimitPerMinute": 1.5}, "/rateLimitPerMinute", "out_of_bounds"),
        ({"burstCapacity": 0}, "/burstCapacity", "out_of_bounds"),
        ({"burstCapacity": 10_000_001}, "/burstCapacity", "out_of_bounds"),
        ({"windowSizeSeconds": 0}, "/windowSizeSeconds", "out_of_bounds"),
        ({"windowSizeSeconds": 86_401}, "/windowSizeSeconds", "out_of_bounds"),
        ({"rateLimitPerHour": 1}, "/rateLimitPerHour", "unknown_field"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_what_is_allowed(change: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        RateLimit.of_value(GOOD | change)
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == (pointer, code)
    assert code == "unknown_field" or " from 1 to " in error.detail


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValidationFailed) as refused:
        RateLimit.of_value({"burstCapacity": -1})
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/rateLimitPerMinute", "required"),
        ("/burstCapacity", "out_of_bounds"),
        ("/windowSizeSeconds", "required"),
    ]


@pytest.mark.parametrize("value", [None, 5, "500", [500, 750, 60]])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(ValidationFailed, match="is an object of"):
        RateLimit.of_value(value)


@pytest.mark.parametrize(("per_minute", "window", "quota"), [(500, 60, 500), (500, 30, 250), (60, 3600, 3600), (5, 1, 1)])
def test_the_published_quota_is_what_comes_back_in_a_window(per_minute: int, window: int, quota: int) -> None:
    assert RateLimit(per_minute=per_minute, burst=1, window_seconds=window).quota == quota


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/api/v1/transactions", "/api/v1/transactions"),
        ("/api/v1/transactions/pay_1", "/api/v1/transactions/*"),
        ("/api/v1/transactions/pay_1/reverse", "/api/v1/transactions/*"),
        ("/api/v1/transactions/preview", "/api/v1/transactions/preview"),
        ("/api/v1/iso20022/pain001", "/api/v1/iso20022*"),
        ("/api/v1/iso20022", "/api/v1/iso20022*"),
        ("/api/v1/accounts", "/api/v1/*"),
        ("/api/v2/accounts", "*"),
    ],
)
def test_the_most_specific_pattern_wins(path: str, endpoint: str) -> None:
    policies = under(
        "/api/v1/*",
        "/api/v1/transactions/*",
        "/api/v1/transactions/preview",
        "/api/v1/transactions",
        "/api/v1/iso20022*",
    )
    assert policies.policy_for(path).endpoint == endpoint


def test_an_exact_endpoint_says_nothing_of_what_is_below_it() -> None:
    assert under("/api/v1/transactions").policy_for("/api/v1/transactions/pay_1").endpoint == "*"


segments = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=4)


@given(path=segments, patterns=st.lists(st.tuples(segments, st.sampled_from(["", "/*", "*"])), max_size=8))
def test_every_path_is_under_the_longest_pattern_that_matches_it(path: list[str], patterns: list[tuple[list[str], str]]) -> None:
    asked = "/".join(["/api/v1", *path])
    found = under(*{"/".join(["/api/v1", *parts]) + end for parts, end in patterns}).policy_for(asked)
    matching = [
        policy.endpoint
        for policy in under(*{"/".join(["/api/v1", *parts]) + end for parts, end in patterns}).all
        if policy.endpoint == asked or (policy.endpoint.endswith("*") and asked.startswith(policy.endpoint[:-1]))
    ]
    assert found.endpoint == (asked if asked in matching else max(matching, key=len))


def test_the_first_layer_that_has_a_pattern_decides_it() -> None:
    policies = merged(
        [policy("/api/v1/transactions", 1)],
        [policy("/api/v1/transactions", 2, "TIER"), policy("/api/v1/accounts", 3, "TIER")],
        [policy("*", 4, "DEFAULT")],
    )
    assert [(p.endpoint, p.limit.per_minute, p.origin) for p in policies.all] == [
        ("*", 4, "DEFAULT"),
        ("/api/v1/accounts", 3, "TIER"),
        ("/api/v1/transactions", 1, "TENANT"),
    ]


@pytest.mark.parametrize("endpoint", ["*", "/api/v1/transactions", "/api/v1/transactions/*", "/api/*", "/api/v1/iso20022/pain.001"])
def test_endpoints_that_can_be_limited(endpoint: str) -> None:
    assert check_endpoint(endpoint) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    ["", "transactions", "/admin/", "/api/v1/*/reverse", "**", "/api/v1/a b", '/api/v1/"', "/api/v1/é", "/api/v1/a\n", "/api/" + "a" * 200],
)
def test_endpoints_that_cannot(endpoint: str) -> None:
    with pytest.raises(ValidationFailed, match="an endpoint is a path such as") as refused:
        check_endpoint(endpoint)
    assert refused.value.errors[0].pointer == "?endpoint"


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("*", "default"), ("/api/v1/transactions", "transactions"), ("/api/v1/transactions/*", "transactions/*"), ("/api/*", "/api/*")],
)
def test_policies_have_names_a_reader_of_the_header_knows(endpoint: str, name: str) -> None:
    assert policy(endpoint).name == name
