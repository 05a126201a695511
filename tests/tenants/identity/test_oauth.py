"""POST /oauth2/token: client credentials, and an RFC 6749 error for everything else."""

import base64
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from oauth2_provider.models import get_access_token_model

from tenants.models import ApiClient
from tenants.operations.clients import ClientCredentials, renew_client_secret
from tenants.tokens import verify_access_token

from .conftest import post_token

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]
FORM = "application/x-www-form-urlencoded"


def encoded(credentials: bytes) -> str:
    return "Basic " + base64.b64encode(credentials).decode()


WRONG_HEADERS = ["Basic", "Basic ", "Basic !!!", "Basic é", "Basic YQ", "Bearer x", "Negotiate x", "basic", "Basic " + "A" * 70_000]
WRONG_HEADERS += [encoded(credentials) for credentials in (b"\xff\xfe:x", b"nocolon", b":", b"a\x00:b")]


def basic(credentials: ClientCredentials) -> str:
    return encoded(f"{credentials.client_id}:{credentials.client_secret}".encode())


def post(http: Client, body: str | bytes, content_type: str = FORM, **headers: str) -> Any:
    return http.generic("POST", "/oauth2/token", body, content_type, headers=headers)


def assert_rfc6749_error(response: Any, status: int, error: str) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error), response.content
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"


def test_credentials_in_the_form(client: Client, client_a: ClientCredentials) -> None:
    answer = post_token(client, client_a).json()
    assert answer.keys() == {"access_token", "expires_in", "token_type", "scope"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert verify_access_token(answer["access_token"]).tenant == "alpha-bank"


def test_credentials_in_the_header(client: Client, client_a: ClientCredentials) -> None:
    response = post(client, "grant_type=client_credentials", authorization=basic(client_a))
    assert response.status_code == 200
    assert verify_access_token(response.json()["access_token"]).client_id == client_a.client_id


def test_the_form_names_the_client_of_the_header_or_none(client: Client, client_a: ClientCredentials, client_b: ClientCredentials) -> None:
    def answer(named: str) -> Any:
        return post(client, f"grant_type=client_credentials&client_id={named}", authorization=basic(client_a))

    assert [answer(named).status_code for named in ("", client_a.client_id)] == [200, 200]
    for other in (client_b.client_id, "nobody"):
        assert_rfc6749_error(answer(other), 401, "invalid_client")


def test_without_a_scope_the_client_gets_all_it_may_have(client: Client, client_a: ClientCredentials) -> None:
    granted = set(post_token(client, client_a).json()["scope"].split())
    assert granted == set(ApiClient.objects.get(client_id=client_a.client_id).scopes.split())


def test_with_a_scope_it_gets_that_one(client: Client, client_a: ClientCredentials) -> None:
    token = post_token(client, client_a, scope="payments:read").json()["access_token"]
    assert verify_access_token(token).scopes == {"payments:read"}


def test_a_platform_client_gets_a_token_without_tenant(client: Client, platform_client: ClientCredentials) -> None:
    claims = verify_access_token(post_token(client, platform_client).json()["access_token"])
    assert (claims.tenant, "platform:admin" in claims.scopes) == (None, True)


def test_the_token_itself_is_not_stored(client: Client, client_a: ClientCredentials) -> None:
    token = post_token(client, client_a).json()["access_token"]
    row = get_access_token_model().objects.get()
    assert row.token == ""
    assert token not in str(vars(row))


def test_the_secret_itself_is_not_stored(client_a: ClientCredentials) -> None:
    stored = ApiClient.objects.get(client_id=client_a.client_id).client_secret
    assert stored.startswith("client_secret_sha256$")
    assert client_a.client_secret not in stored
    assert client_a.client_secret not in repr(client_a)


def test_a_renewed_secret_replaces_the_old_one(client: Client, client_a: ClientCredentials) -> None:
    renewed = renew_client_secret(client_id=client_a.client_id)
    assert_rfc6749_error(post_token(client, client_a), 401, "invalid_client")
    assert post_token(client, renewed).status_code == 200


@pytest.mark.parametrize(
    "scope",
    [
        "platform:admin",
        "payments:read platform:admin",
        "no:such",
        "*",
        "payments:*",
        "PAYMENTS:READ",
        "payments:read,payments:write",
        "openid",
        "%00",
        "<b>",
    ],
)
def test_a_scope_it_may_not_have(client: Client, client_a: ClientCredentials, scope: str) -> None:
    assert_rfc6749_error(post_token(client, client_a, scope=quote(scope, safe="%")), 400, "invalid_scope")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": "%00"}, 401, "invalid_client"),
        ({"client_secret": "x" * 20_000}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "%00"}, 401, "invalid_client"),
        ({"client_id": "%FF%FE"}, 401, "invalid_client"),
        ({"client_id": "x" * 300}, 401, "invalid_client"),
        ({"client_id": "' OR 1=1 --"}, 401, "invalid_client"),
        ({"client_id": "https://client.example/metadata.json"}, 401, "invalid_client"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "CLIENT_CREDENTIALS"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_forms(client: Client, client_a: ClientCredentials, form: dict[str, str], status: int, error: str) -> None:
    response = post_token(client, client_a, **form)
    assert_rfc6749_error(response, status, error)
    assert response.headers.get("WWW-Authenticate", "").startswith("Basic ") is (status == 401)


@pytest.mark.parametrize("authorization", WRONG_HEADERS)
def test_wrong_headers(client: Client, client_a: ClientCredentials, authorization: str) -> None:
    """A header that is wrong is not made good by a form that is right."""
    right_form = f"grant_type=client_credentials&client_id={client_a.client_id}&client_secret={client_a.client_secret}"
    for body in ("grant_type=client_credentials", right_form):
        assert_rfc6749_error(post(client, body, authorization=authorization), 401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM),
        (b"&&&===", FORM),
        (b"\xff\xfe\x00", FORM),
        (b"grant_type", FORM),
        (b"grant_type=%", FORM),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"a=1&" * 5000, FORM),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"<xml/>", "application/xml"),
        (b"--x--", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"grant_type=client_credentials", ""),
        (b"grant_type=client_credentials", FORM + "; charset=utf-16"),
        (b"grant_type=client_credentials", FORM + "; charset=nonsense"),
    ],
)
def test_bodies_that_are_no_form(client: Client, body: bytes, content_type: str) -> None:
    response = post(client, body, content_type)
    assert response.status_code in {400, 401}
    assert response.json()["error"] in {"invalid_request", "unsupported_grant_type", "invalid_client"}


def test_a_huge_body_is_not_read(client: Client) -> None:
    assert_rfc6749_error(post(client, b"a=" + b"x" * 100_000), 413, "invalid_request")


def test_credentials_do_not_belong_into_the_address(client: Client, client_a: ClientCredentials) -> None:
    address = f"/oauth2/token?client_id={client_a.client_id}&client_secret={client_a.client_secret}"
    assert_rfc6749_error(client.generic("POST", address, "grant_type=client_credentials", FORM), 400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post(client: Client, method: str) -> None:
    response = client.generic(method, "/oauth2/token")
    assert_rfc6749_error(response, 405, "invalid_request")
    assert response["Allow"] == "POST"


def test_a_suspended_tenant_gets_tokens_to_read_with(
    client: Client, client_a: ClientCredentials, client_b: ClientCredentials, set_status: Any
) -> None:
    set_status("alpha-bank", "SUSPENDED")
    token = post_token(client, client_a).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/probe", headers=bearer).status_code == 200
    refused = client.post("/api/v1/probe", {}, content_type="application/json", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert post_token(client, client_b).status_code == 200


@pytest.mark.parametrize("status", ["DECOMMISSIONED", "PENDING_ACTIVATION"])
def test_no_tokens_for_a_tenant_that_is_closed_or_not_open_yet(
    client: Client, client_a: ClientCredentials, client_b: ClientCredentials, set_status: Any, status: str
) -> None:
    set_status("alpha-bank", status)
    assert_rfc6749_error(post_token(client, client_a), 401, "invalid_client")
    assert post_token(client, client_b).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"client_type": "public"},
        {"client_type": "public", "client_secret": ""},
        {"authorization_grant_type": "authorization-code"},
        {"authorization_grant_type": "password"},
        {"scopes": ""},
    ],
)
def test_clients_that_are_not_for_this_grant(client: Client, client_a: ClientCredentials, change: dict[str, str]) -> None:
    ApiClient.objects.filter(client_id=client_a.client_id).update(**change)
    assert post_token(client, client_a).status_code in {400, 401}
    assert post_token(client, client_a, client_secret=change.get("client_secret", "x")).status_code in {400, 401}


def test_a_secret_stored_in_the_clear_opens_nothing(client: Client, client_a: ClientCredentials) -> None:
    ApiClient.objects.filter(client_id=client_a.client_id).update(client_secret="stored-in-the-clear", hash_client_secret=False)
    assert_rfc6749_error(post_token(client, client_a, client_secret="stored-in-the-clear"), 401, "invalid_client")


def test_the_hash_of_a_secret_is_not_a_secret(client: Client, client_a: ClientCredentials) -> None:
    stored = ApiClient.objects.get(client_id=client_a.client_id).client_secret
    assert_rfc6749_error(post_token(client, client_a, client_secret=quote(stored)), 401, "invalid_client")


def test_one_clients_secret_does_not_open_another(client: Client, client_a: ClientCredentials, client_b: ClientCredentials) -> None:
    assert_rfc6749_error(post_token(client, client_a, client_secret=client_b.client_secret), 401, "invalid_client")


def test_metadata_names_what_there_is(client: Client) -> None:
    document = client.get("/.well-known/oauth-authorization-server").json()
    assert document["issuer"] == "payment-engine"
    assert document["token_endpoint"] == "http://testserver/oauth2/token"
    assert document["grant_types_supported"] == ["client_credentials"]
    assert "payments:write" in document["scopes_supported"]


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json"])
def test_the_public_documents_can_only_be_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
