"""What the API's middleware lets in, for which tenant, and how fast it notices that something has changed."""

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from accounts.models import Customer
from payment_engine.clock import now
from tenants import registry
from tenants.context import current_scope, tenant_scope
from tenants.middleware import api_tenant_middleware
from tenants.models import ApiClient
from tenants.operations.clients import ClientCredentials, delete_api_client, withdraw_tokens
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tenants.tokens import issue_access_token

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]
PROBE = "/api/v1/probe"
NO_TOKENS = ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer x y", "Bearer garbage", "é", "Bearer " + "a." * 5000]
ONLY_LOOK_PUBLIC = ["healthy", "health/../probe", "docsx", "problemsx", "/health", "HEALTH"]
OTHER_TENANTS = [
    "beta-bank",
    "no-such-bank",
    "TIDLT-999999",
    "ALPHA-BANK",
    "alpha-bank,beta-bank",
    "*",
    "alpha-bank ' OR 1=1",
    "%00",
    "a/../b",
]
TokenOf = Callable[..., str]
Call = Callable[..., Any]


def assert_problem(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"


@pytest.fixture
def token_a(token_of: TokenOf, client_a: ClientCredentials) -> str:
    return token_of(client_a)


@pytest.fixture
def token_b(token_of: TokenOf, client_b: ClientCredentials) -> str:
    return token_of(client_b)


@pytest.fixture
def platform_token(token_of: TokenOf, platform_client: ClientCredentials) -> str:
    return token_of(platform_client)


# --- who ---------------------------------------------------------------------------------------------------------
def test_a_token_opens_the_api_for_its_tenant(call: Call, token_a: str, client_a: ClientCredentials) -> None:
    told = call("GET", PROBE, token_a).json()
    assert (told["tenant"], told["platform"], told["client"]) == ("alpha-bank", False, client_a.client_id)


def test_after_the_request_no_scope_is_left(call: Call, token_a: str) -> None:
    call("GET", PROBE, token_a)
    assert current_scope() is None


def test_without_a_token(call: Call) -> None:
    response = call("GET", PROBE)
    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="payment-engine"'


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer x y", "Bearer garbage", "é", "Bearer " + "a." * 5000]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_with_something_that_is_no_token(client: Client, method: str, authorization: str) -> None:
    response = client.generic(method, PROBE, headers={"authorization": authorization})
    assert_problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_the_scheme_is_written_as_one_likes(client: Client, token_a: str) -> None:
    assert client.get(PROBE, headers={"authorization": f"bEaReR {token_a}"}).status_code == 200


def test_a_token_in_the_address_or_the_body_is_not_looked_at(client: Client, token_a: str) -> None:
    assert client.get(f"{PROBE}?access_token={token_a}").status_code == 401
    assert client.post(PROBE, {"access_token": token_a}).status_code == 401


def test_a_token_of_a_tenant_that_does_not_exist(call: Call, client_a: ClientCredentials) -> None:
    token = issue_access_token(client_id=client_a.client_id, tenant="no-such-bank", scopes=["payments:read"], lifetime_seconds=60)
    assert_problem(call("GET", PROBE, token), 401, "not_authenticated")


def test_a_token_whose_client_is_of_another_tenant(call: Call, client_a: ClientCredentials) -> None:
    token = issue_access_token(client_id=client_a.client_id, tenant="beta-bank", scopes=["payments:read"], lifetime_seconds=60)
    assert_problem(call("GET", PROBE, token), 401, "not_authenticated")


def test_a_token_of_a_client_that_never_was(call: Call) -> None:
    token = issue_access_token(client_id="cli_nobody", tenant="alpha-bank", scopes=["payments:read"], lifetime_seconds=60)
    assert_problem(call("GET", PROBE, token), 401, "not_authenticated")


def test_withdrawn_tokens_are_refused_and_new_ones_work(call: Call, token_of: TokenOf, token_a: str, client_a: ClientCredentials) -> None:
    withdraw_tokens(client_id=client_a.client_id)
    assert_problem(call("GET", PROBE, token_a), 401, "not_authenticated")
    ApiClient.objects.update(tokens_valid_from=now() - timedelta(seconds=1))
    client_standing.forget()
    assert call("GET", PROBE, token_of(client_a)).status_code == 200


def test_a_deleted_clients_token_is_refused(call: Call, token_a: str, client_a: ClientCredentials) -> None:
    assert call("GET", PROBE, token_a).status_code == 200
    delete_api_client(client_id=client_a.client_id)
    assert_problem(call("GET", PROBE, token_a), 401, "not_authenticated")


def test_another_process_notices_a_withdrawal_within_five_seconds(
    call: Call, token_a: str, client_a: ClientCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("GET", PROBE, token_a).status_code == 200
    ApiClient.objects.filter(client_id=client_a.client_id).delete()
    later = time.monotonic() + client_standing.STALENESS_SECONDS + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert client_standing.STALENESS_SECONDS <= 5
    assert_problem(call("GET", PROBE, token_a), 401, "not_authenticated")


# --- scopes ------------------------------------------------------------------------------------------------------
def test_the_scope_of_the_operation_is_needed(call: Call, token_of: TokenOf, client_a: ClientCredentials) -> None:
    reader = token_of(client_a, scope="payments:read")
    assert call("GET", PROBE, reader).status_code == 200
    response = call("POST", PROBE, reader)
    assert_problem(response, 403, "not_authorised")
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]
    assert 'scope="payments:write"' in response["WWW-Authenticate"]


def test_a_scope_taken_from_the_client_is_gone_from_its_tokens(call: Call, token_a: str, client_a: ClientCredentials) -> None:
    ApiClient.objects.filter(client_id=client_a.client_id).update(scopes="payments:read")
    client_standing.forget()
    assert call("GET", PROBE, token_a).status_code == 200
    assert_problem(call("POST", PROBE, token_a), 403, "not_authorised")


def test_platform_admin_in_a_tenants_token_is_worth_nothing(call: Call, client_a: ClientCredentials) -> None:
    token = issue_access_token(
        client_id=client_a.client_id, tenant="alpha-bank", scopes=["platform:admin", "payments:read"], lifetime_seconds=60
    )
    assert_problem(call("PATCH", "/api/v1/config/tenants/beta-bank", token), 403, "not_authorised")
    assert_problem(call("GET", PROBE, token, x_tenant_id="beta-bank"), 403, "tenant_mismatch")


def test_a_view_that_declares_nothing_is_closed(call: Call, token_a: str, platform_token: str) -> None:
    assert_problem(call("GET", "/api/v1/undeclared", token_a), 403, "forbidden")
    assert_problem(call("GET", "/api/v1/undeclared", platform_token, x_tenant_id="alpha-bank"), 403, "forbidden")


def test_a_platform_token_without_a_tenant_reaches_nothing_that_tenants_own(call: Call, platform_token: str) -> None:
    assert_problem(call("GET", PROBE, platform_token), 403, "tenant_required")


def test_unknown_addresses_and_methods(call: Call, token_a: str) -> None:
    assert_problem(call("GET", "/api/v1/nothing", token_a), 404, "not_found")
    assert_problem(call("DELETE", PROBE, token_a), 405, "method_not_allowed")
    assert_problem(call("GET", "/api/v1/nothing"), 401, "not_authenticated")


# --- which tenant ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("named", ["alpha-bank", "TIDLT"])
def test_naming_the_own_tenant_is_fine(call: Call, token_a: str, tenant_a: TenantRecord, named: str) -> None:
    header = tenant_a.reference if named == "TIDLT" else named
    assert call("GET", PROBE, token_a, x_tenant_id=header).json()["tenant"] == "alpha-bank"


@pytest.mark.parametrize(
    "named",
    [
        "beta-bank",
        "no-such-bank",
        "TIDLT-999999",
        "ALPHA-BANK",
        "alpha-bank,beta-bank",
        "*",
        "alpha-bank ' OR 1=1",
        "%00",
        "beta-bank/../alpha-bank",
    ],
)
def test_naming_another_tenant_is_refused_whether_it_exists_or_not(call: Call, token_a: str, named: str) -> None:
    for method in ("GET", "POST"):
        assert_problem(call(method, PROBE, token_a, x_tenant_id=named), 403, "tenant_mismatch")


def test_the_number_of_another_tenant_is_refused(call: Call, token_a: str, tenant_b: TenantRecord) -> None:
    assert_problem(call("GET", PROBE, token_a, x_tenant_id=tenant_b.reference), 403, "tenant_mismatch")


def test_an_empty_assertion_is_refused(call: Call, token_a: str) -> None:
    assert_problem(call("GET", PROBE, token_a, x_tenant_id=""), 403, "tenant_mismatch")


def test_the_other_tenant_sees_nothing(call: Call, token_a: str, token_b: str) -> None:
    assert call("POST", PROBE, token_a).json()["owner"] == "alpha-bank"
    assert call("GET", PROBE, token_a).json()["customers"] == 1
    assert call("GET", PROBE, token_b).json()["customers"] == 0


def test_a_platform_client_without_a_tenant_is_in_none(call: Call, platform_token: str) -> None:
    told = call("PATCH", "/api/v1/config/tenants/alpha-bank", platform_token).json()
    assert (told["tenant"], told["platform"], told["named"]) == (None, True, None)


def test_a_platform_client_without_a_tenant_writes_nowhere(call: Call, platform_token: str) -> None:
    assert_problem(call("POST", PROBE, platform_token), 403, "tenant_required")


def test_a_platform_admin_acts_for_the_tenant_it_names_and_that_is_logged(
    call: Call, platform_token: str, platform_client: ClientCredentials, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="tenants.middleware"):
        assert call("POST", PROBE, platform_token, x_tenant_id="beta-bank").json()["owner"] == "beta-bank"
    (line,) = [record for record in caplog.records if record.name == "tenants.middleware"]
    assert (line.client_id, line.for_tenant, line.method, line.path) == (platform_client.client_id, "beta-bank", "POST", PROBE)  # type: ignore[attr-defined]


def test_a_platform_admin_naming_no_tenant_that_exists(call: Call, platform_token: str) -> None:
    assert_problem(call("GET", PROBE, platform_token, x_tenant_id="no-such-bank"), 404, "not_found")


def test_a_platform_client_without_platform_admin_acts_for_nobody(
    call: Call, token_of: TokenOf, platform_client: ClientCredentials
) -> None:
    token = token_of(platform_client, scope="payments:read")
    assert_problem(call("GET", PROBE, token, x_tenant_id="alpha-bank"), 403, "tenant_mismatch")


def test_a_pinned_deployment_serves_its_tenant_alone(
    call: Call, token_a: str, token_b: str, platform_token: str, settings: Settings
) -> None:
    settings.TENANT_PIN = "alpha-bank"
    assert call("GET", PROBE, token_a).status_code == 200
    assert_problem(call("GET", PROBE, token_b), 403, "tenant_mismatch")
    assert_problem(call("GET", PROBE, platform_token, x_tenant_id="beta-bank"), 403, "tenant_mismatch")


# --- status of the tenant ----------------------------------------------------------------------------------------
def test_a_suspended_tenant_reads_and_changes_nothing(call: Call, token_a: str, token_b: str, set_status: Any) -> None:
    set_status("alpha-bank", "SUSPENDED")
    registry.forget()
    assert call("GET", PROBE, token_a).status_code == 200
    assert_problem(call("POST", PROBE, token_a), 403, "tenant_suspended")
    assert call("POST", PROBE, token_b).status_code == 201


def test_a_suspension_is_noticed_within_two_seconds(call: Call, token_a: str, set_status: Any) -> None:
    assert call("POST", PROBE, token_a).status_code == 201
    set_status("alpha-bank", "SUSPENDED")
    time.sleep(2.1)
    assert_problem(call("POST", PROBE, token_a), 403, "tenant_suspended")


@pytest.mark.parametrize("status", ["DECOMMISSIONED", "PENDING_ACTIVATION"])
def test_a_tenant_that_is_not_active_is_not_served(call: Call, token_a: str, platform_token: str, set_status: Any, status: str) -> None:
    set_status("alpha-bank", status)
    registry.forget()
    for token, headers in ((token_a, {}), (platform_token, {"x_tenant_id": "alpha-bank"})):
        for method in ("GET", "POST"):
            assert_problem(call(method, PROBE, token, **headers), 403, "tenant_not_active")


@pytest.mark.parametrize("status", ["DECOMMISSIONED", "PENDING_ACTIVATION", "SUSPENDED"])
def test_the_platform_configures_tenants_in_every_state(call: Call, platform_token: str, set_status: Any, status: str) -> None:
    set_status("alpha-bank", status)
    registry.forget()
    told = call("PATCH", "/api/v1/config/tenants/alpha-bank", platform_token, x_tenant_id="alpha-bank").json()
    assert told["tenant"] == "alpha-bank"


# --- public paths ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/problems", "/api/v1/problems/not_found"])
@pytest.mark.parametrize("token", [None, "garbage"])
def test_public_paths_need_no_token(call: Call, path: str, token: str | None) -> None:
    assert call("GET", path, token).status_code == 200


def test_health_of_a_named_tenant(call: Call, tenant_a: TenantRecord) -> None:
    told = call("GET", "/api/v1/health", x_tenant_id=tenant_a.reference).json()
    assert (told["named"], told["tenant"], told["client"]) == ("alpha-bank", None, None)
    assert_problem(call("GET", "/api/v1/health", x_tenant_id="no-such-bank"), 404, "not_found")


@pytest.mark.parametrize(
    "path", ["/api/v1/healthy", "/api/v1/health/../probe", "/api/v1/docsx", "/api/v1/problemsx", "/api/v1//health", "/API/v1/health"]
)
def test_paths_that_only_look_public(client: Client, path: str) -> None:
    assert client.get(path).status_code in {401, 404}


def test_other_addresses_have_no_scope_and_need_no_token(client: Client) -> None:
    assert client.get("/elsewhere/").json() == {"tenant": None, "platform": False, "client": None, "named": None}


# --- streaming ---------------------------------------------------------------------------------------------------
def test_every_chunk_of_a_stream_is_made_in_the_scope(call: Call, token_a: str, tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        Customer.objects.create(name="Anna")
    response = call("GET", "/api/v1/stream", token_a)
    assert current_scope() is None
    lines = []
    for chunk in response.streaming_content:
        assert current_scope() is None  # between two chunks the server works for nobody
        lines.append(json.loads(chunk))
    assert [(line["tenant"], line["customers"]) for line in lines] == [("alpha-bank", 1)] * 3


def test_two_streams_read_in_turn_do_not_mix(call: Call, token_a: str, token_b: str) -> None:
    streams = [call("GET", "/api/v1/stream", token).streaming_content for token in (token_a, token_b)]
    told = [[json.loads(next(stream))["tenant"] for stream in streams] for _ in range(3)]
    assert told == [["alpha-bank", "beta-bank"]] * 3
    # To the end: where the garbage collector closes a stream, CPython 3.11 may crash (python/cpython#148891).
    assert [list(stream) for stream in streams] == [[], []]


# --- cost --------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)  # in a transaction nothing that is read of the registry is kept
@pytest.mark.django_db(transaction=True)
def test_a_request_with_a_known_token_makes_no_query(token_a: str, django_assert_num_queries: Any) -> None:
    request = RequestFactory().get(PROBE, headers={"authorization": f"Bearer {token_a}"})
    door = api_tenant_middleware(lambda _request: HttpResponse())
    door(request)
    with django_assert_num_queries(0):
        door(request)
