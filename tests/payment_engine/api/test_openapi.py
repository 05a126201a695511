import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client
from drf_spectacular.settings import patched_settings
from drf_spectacular.validation import validate_schema

from payment_engine.api.document import rendered_document
from payment_engine.api.document_settings import SPECTACULAR_SETTINGS
from payment_engine.api.endpoints import endpoint, operation
from payment_engine.api.scopes import SCOPES


@pytest.fixture(autouse=True)
def _forgotten_document() -> Iterator[None]:
    """It is made once per process: that of the toys is nobody else's."""
    rendered_document.cache_clear()
    yield
    rendered_document.cache_clear()


@pytest.fixture
def document(client: Client) -> Any:
    with patched_settings(SPECTACULAR_SETTINGS):
        yield client.get("/api/v1/schema?format=json").json()


def resolve(document: Any, schema: Any) -> Any:
    return {**schema, "components": document["components"]}


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_lean_and_rest_views_stand_side_by_side(document: Any) -> None:
    operations = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert {("/api/v1/toys", "get"), ("/api/v1/toys", "post"), ("/api/v1/toys/{toyId}", "get"), ("/api/v1/bears", "post")} <= operations


def test_operation_ids_are_unique(document: Any) -> None:
    identifiers = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(identifiers) == len(set(identifiers))


def test_every_reference_leads_somewhere(document: Any) -> None:
    references: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                references.add(node["$ref"])
            for member in node.values():
                collect(member)
        elif isinstance(node, list):
            for member in node:
                collect(member)

    collect(document)
    for reference in references:
        target = document
        for token in reference.removeprefix("#/").split("/"):
            target = target[token]


def test_every_operation_says_which_scope_it_needs_and_what_may_go_wrong(document: Any) -> None:
    toys = document["paths"]["/api/v1/toys"]
    assert toys["post"]["security"] == [{"oauth2": ["payments:write"]}]
    assert document["paths"]["/api/v1/bears"]["get"]["security"] == [{"oauth2": ["config:read"]}]
    assert document["paths"]["/api/v1/toys/{toyId}"]["get"]["security"] == []
    assert toys["post"]["responses"].keys() == {
        "201",
        *["400", "401", "403", "404", "405", "409", "411", "413", "415", "422", "429", "500", "503"],
    }
    assert document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"] == SCOPES


def test_the_published_body_schema_accepts_and_refuses_what_the_endpoint_does(document: Any, client: Client) -> None:
    schema = resolve(document, document["paths"]["/api/v1/toys"]["post"]["requestBody"]["content"]["application/json"]["schema"])
    validator = jsonschema.Draft202012Validator(schema)
    valid = {"toyName": "bear", "amount": "10.00", "currency": "EUR"}
    bodies: list[Any] = [
        valid,
        valid | {"amount": 10},
        valid | {"amount": "0.01"},
        valid | {"amount": "0.10"},
        valid | {"amount": "10.125", "currency": "KWD"},
        valid | {"note": None},
        valid | {"metadata": {"a": "b"}},
        valid | {"colour": "BLUE"},
        valid | {"material": "TIN"},
    ]
    bodies += [
        valid | {"x": 1},
        valid | {"amount": "1e2"},
        valid | {"amount": -1},
        valid | {"amount": True},
        valid | {"amount": "10.5", "currency": "JPY"},
        valid | {"amount": "0.00"},
        valid | {"currency": "eur"},
        {},
        [],
    ]
    bodies += [
        valid | {"toyName": ""},
        valid | {"toyName": "x" * 36},
        valid | {"note": "\x00"},
        valid | {"metadata": {"a": 1}},
        valid | {"metadata": {"\x00": "b"}},
        valid | {"metadata": {"k" * 41: "b"}},
        valid | {"colour": 1},
        valid | {"material": "GOLD"},
        valid | {"material": 1},
    ]
    headers = {"X-Scopes": "payments:write", "Idempotency-Key": "1"}
    for body in bodies:
        response = client.post("/api/v1/toys", json.dumps(body), content_type="application/json", headers=headers)
        assert (response.status_code == 201) is validator.is_valid(body), (body, response.content)


def test_problems_and_pages_are_as_published(document: Any, client: Client) -> None:
    problem = resolve(document, document["components"]["schemas"]["Problem"])
    jsonschema.validate(client.get("/api/v1/toys").json(), problem)
    page = resolve(document, document["paths"]["/api/v1/toys"]["get"]["responses"]["200"]["content"]["application/json"]["schema"])
    jsonschema.validate(client.get("/api/v1/toys", HTTP_X_SCOPES="payments:read").json(), page)


def test_query_parameters_are_published_with_their_comparisons(document: Any) -> None:
    names = [parameter["name"] for parameter in document["paths"]["/api/v1/toys"]["get"]["parameters"] if parameter.get("in") == "query"]
    assert names[:3] == ["colour", "paws", "paws[gte]"]
    assert names[-5:] == ["createdAt", "createdAt[gte]", "createdAt[lte]", "limit", "cursor"]


def test_the_document_is_served_as_yaml_and_not_sent_twice(document: Any, client: Client) -> None:
    assert client.get("/api/v1/schema?format=yaml").content.startswith(b"openapi: 3.1")
    first = client.get("/api/v1/schema")
    assert client.get("/api/v1/schema", HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 304
    assert client.get("/api/v1/schema?format=xml").status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/schema", "/api/v1/docs"])
def test_the_document_is_only_read(client: Client, path: str) -> None:
    assert (client.head(path).status_code, client.options(path).status_code, client.post(path).status_code) == (200, 204, 405)
    assert client.options(path).headers["Allow"] == client.post(path).headers["Allow"] == "GET, HEAD, OPTIONS"


def test_the_docs_page_shows_the_document(client: Client) -> None:
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    assert response["X-Frame-Options"] == "DENY"
    assert "unsafe-eval" not in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"], "scripts are under default-src 'self'"
    script = client.get("/api/v1/docs?script=")
    assert script["Content-Type"] == "application/javascript"
    assert rb"/api/v1/schema?format\u003Djson" in script.content


class TestDeclarations:
    def test_an_operation_without_scopes_must_say_it_is_public(self) -> None:
        with pytest.raises(ImproperlyConfigured):
            operation(operation_id="x", summary="x", tag="x", answers={})

    def test_a_scope_must_exist(self) -> None:
        with pytest.raises(ImproperlyConfigured):
            operation(operation_id="x", summary="x", tag="x", answers={}, scopes=("payments:all",))

    def test_an_undeclared_handler_is_refused(self) -> None:
        def handler(_request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        with pytest.raises(ImproperlyConfigured):
            endpoint(GET=handler)
