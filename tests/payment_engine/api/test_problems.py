import logging
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from payment_engine.api.catalogue import error_classes
from payment_engine.api.problems import problem_boundary
from payment_engine.errors import Conflict, NotFound


def problem_of(response: Any) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body.keys() == {"type", "title", "status", "detail", "instance", "code", "correlationId", "errors"}
    assert body["status"] == response.status_code
    assert body["correlationId"] == response.headers["X-Correlation-ID"]
    assert body["type"] == f"/api/v1/problems/{body['code']}"
    return response.status_code, body["code"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conflict", (409, "conflict")),
        ("missing", (404, "not_found")),
        ("denied", (403, "forbidden")),
        ("suspicious", (400, "malformed")),
        ("bug", (500, "internal_error")),
        ("lost", (503, "temporarily_unavailable")),
        ("deadlock", (503, "temporarily_unavailable")),
        ("lock", (503, "temporarily_unavailable")),
        ("rls", (403, "tenant_required")),
        ("unique", (409, "conflict")),
        ("data", (422, "validation_failed")),
        ("syntax", (500, "internal_error")),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_every_failure_of_a_view_is_a_problem(
    client: Client, settings: Settings, name: str, expected: tuple[int, str], *, debug: bool
) -> None:
    settings.DEBUG = debug
    response = client.get(f"/api/v1/failures/{name}")
    assert problem_of(response) == expected
    assert response.has_header("Retry-After") is (expected[0] == 503)


def test_a_fault_of_ours_tells_nothing_and_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/v1/failures/bug")
    assert b"secret-value" not in response.content
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_an_unknown_address_is_a_problem(client: Client) -> None:
    response = client.get("/api/v1/nothing")
    assert problem_of(response) == (404, "not_found")
    assert response.json()["instance"] == "/api/v1/nothing"


def test_a_refused_host_is_a_problem(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["bank.example"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
    assert problem_of(client.get("/api/v1/problems", HTTP_HOST="evil.example")) == (400, "malformed")


def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    response = client.delete("/api/v1/toys")
    assert problem_of(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_answers_the_methods(client: Client) -> None:
    response = client.options("/api/v1/toys")
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_pages_outside_the_api_keep_djangos_answers(client: Client) -> None:
    response = client.get("/elsewhere/nothing")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert client.get("/elsewhere/conflict").status_code == 500


def test_oauth_errors_keep_the_form_of_their_own_standard(client: Client) -> None:
    response = client.post("/oauth2/token")
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})
    assert problem_of(client.get("/oauth2/nothing")) == (404, "not_found")


def test_answers_are_neither_cached_nor_sniffed(client: Client) -> None:
    headers = client.get("/api/v1/problems").headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_a_call_without_a_token_is_told_how_to_authenticate(client: Client) -> None:
    response = client.get("/api/v1/toys")
    assert problem_of(response) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_call_without_the_scope_is_told_which(client: Client) -> None:
    response = client.get("/api/v1/toys", HTTP_X_SCOPES="payments:write")
    assert problem_of(response) == (403, "not_authorised")
    assert 'scope="payments:read"' in response.headers["WWW-Authenticate"]


class TestRestFramework:
    def test_validation_errors_point_to_the_members(self, client: Client) -> None:
        body = {"name": "too long", "paws": [1, "x"]}
        response = client.post("/api/v1/bears", body, content_type="application/json", HTTP_X_SCOPES="config:write")
        assert problem_of(response) == (422, "validation_failed")
        assert {(error["pointer"], error["code"]) for error in response.json()["errors"]} == {
            ("/name", "max_length"),
            ("/paws/1", "invalid"),
        }

    @pytest.mark.parametrize(
        ("extra", "content_type", "scopes", "expected"),
        [
            ("{", "application/json", "config:write", (400, "malformed_json")),
            ("<a/>", "application/xml", "config:write", (415, "unsupported_media_type")),
            ("{}", "application/json", None, (401, "not_authenticated")),
            ("{}", "application/json", "config:read", (403, "not_authorised")),
        ],
    )
    def test_other_refusals(self, client: Client, extra: str, content_type: str, scopes: str | None, expected: tuple[int, str]) -> None:
        headers = {} if scopes is None else {"HTTP_X_SCOPES": scopes}
        assert problem_of(client.post("/api/v1/bears", extra, content_type=content_type, **headers)) == expected  # type: ignore[arg-type]

    def test_a_wrong_method(self, client: Client) -> None:
        response = client.put("/api/v1/bears", HTTP_X_SCOPES="config:write")
        assert problem_of(response) == (405, "method_not_allowed")
        assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"

    def test_a_view_without_declared_scopes_is_closed(self, client: Client) -> None:
        assert problem_of(client.get("/api/v1/closed", HTTP_X_SCOPES="config:read platform:admin")) == (403, "forbidden")


class TestBoundary:
    def test_a_middlewares_error_becomes_a_problem(self) -> None:
        @problem_boundary
        def middleware(_request: HttpRequest) -> HttpResponse:
            raise NotFound("no such tenant")

        assert middleware(RequestFactory().get("/api/v1/x")).status_code == 404

    def test_a_fault_of_ours_is_not_swallowed(self) -> None:
        @problem_boundary
        def middleware(_request: HttpRequest) -> HttpResponse:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            middleware(RequestFactory().get("/api/v1/x"))

    def test_headers_of_the_error_are_sent(self) -> None:
        @problem_boundary
        def middleware(_request: HttpRequest) -> HttpResponse:
            raise Conflict("wait", headers={"Retry-After": "3"})

        assert middleware(RequestFactory().get("/api/v1/x")).headers["Retry-After"] == "3"


class TestCatalogue:
    def test_a_problem_type_address_explains_the_problem(self, client: Client) -> None:
        met = client.get("/api/v1/toys").json()
        explained = client.get(met["type"]).json()
        assert (explained["code"], explained["status"], explained["title"]) == (met["code"], met["status"], met["title"])
        assert explained["explanation"]

    def test_the_catalogue_lists_every_code_once(self, client: Client) -> None:
        codes = [entry["code"] for entry in client.get("/api/v1/problems").json()["data"]]
        assert codes == sorted(set(codes))
        assert {"not_found", "amount_invalid", "unknown_field", "rate_limited", "temporarily_unavailable"} <= set(codes)

    def test_each_problem_is_explained_under_the_title_of_the_class_that_brought_its_code(self, client: Client) -> None:
        entries = client.get("/api/v1/problems").json()["data"]
        assert [entry["code"] for entry in entries if not entry["explanation"]] == []
        brought = {kind.code: kind.title for kind in reversed(list(error_classes())) if "code" in kind.__dict__}
        assert {entry["code"]: entry["title"] for entry in entries} == {code: brought[code] for code in {e["code"] for e in entries}}

    def test_an_unknown_code_is_not_found(self, client: Client) -> None:
        assert problem_of(client.get("/api/v1/problems/nonsense")) == (404, "not_found")
