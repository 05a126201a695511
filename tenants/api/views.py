"""The token endpoint and the documents that tell others how to trust its tokens."""

import logging
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.oauth2_backends import get_oauthlib_core

from payment_engine.api.endpoints import Media, operation, serves
from payment_engine.api.response_headers import ALLOW, RETRY_AFTER, WWW_AUTHENTICATE
from payment_engine.api.scopes import SCOPES
from tenants import keys
from tenants.api.examples import KEYS, TOKEN_ANSWER, TOKEN_REQUEST
from tenants.api.shapes import JsonWebKeySet, OAuthError, ServerMetadata, TokenAnswer, TokenRequest
from tenants.context import use
from tenants.operations.keys import ensure_signing_key

TAG: Final = "Access tokens"
FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 64 * 1024
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_log = logging.getLogger(__name__)


@serves("POST")
@operation(
    operation_id="getToken",
    summary="Get an access token",
    tag=TAG,
    public=True,
    description="OAuth 2.0 client credentials (RFC 6749 §4.4). The client names itself with HTTP Basic or in the form, never in both. "
    "Errors are the JSON of §5.2, whatever was sent.",
    credentials=({"client": ()}, {}),
    body=Media(content={FORM: TokenRequest}, examples={FORM: TOKEN_REQUEST}),
    answers={200: TokenAnswer, **dict.fromkeys((400, 401, 405, 413, 503), OAuthError)},
    answer_examples={
        200: TOKEN_ANSWER,
        400: {"error": "invalid_scope"},
        401: {"error": "invalid_client"},
        405: {"error": "invalid_request", "error_description": "the token endpoint takes POST"},
        413: {"error": "invalid_request", "error_description": "the body is too large"},
        503: {"error": "temporarily_unavailable", "error_description": "try again in a moment"},
    },
    sends={401: (WWW_AUTHENTICATE,), 405: (ALLOW,), 503: (RETRY_AFTER,)},
    errors=(500,),
    own_errors=True,
)
@csrf_exempt
@sensitive_post_parameters("client_secret")
def token(request: HttpRequest) -> HttpResponse:
    """POST /oauth2/token (RFC 6749 §4.4): errors are the JSON of §5.2, whatever was sent."""
    if request.method != "POST":
        return _error(405, "invalid_request", "the token endpoint takes POST", Allow="POST")
    if (problem := _unreadable(request)) is not None:
        return problem
    try:
        with use(None):  # clients and tokens are in the registry: the client says which tenant it is of
            _, headers, body, status = get_oauthlib_core().create_token_response(request)
    except (OperationalError, InterfaceError):
        _log.warning("token endpoint: the database is away")
        return _error(503, "temporarily_unavailable", "try again in a moment", **{"Retry-After": "1"})
    response = HttpResponse(body, status=status, headers={**headers, **_NO_STORE})
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="payment-engine"'
    return response


@serves("GET")
@operation(
    operation_id="getKeys",
    summary="The keys that verify access tokens",
    tag=TAG,
    public=True,
    answers={200: JsonWebKeySet, 405: None},
    answer_examples={200: KEYS},
    sends={405: (ALLOW,)},
    own_errors=True,
)
def jwks(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/jwks.json: every key that verifies, the next one as soon as it signs."""
    if (refusal := _only_get(request)) is not None:
        return refusal
    ensure_signing_key()
    return JsonResponse(keys.jwk_set(), headers={"Cache-Control": "public, max-age=300"})


@serves("GET")
@operation(
    operation_id="getAuthorizationServer",
    summary="What the authorization server can do",
    tag=TAG,
    public=True,
    answers={200: ServerMetadata, 405: None},
    sends={405: (ALLOW,)},
    own_errors=True,
)
def authorization_server(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/oauth-authorization-server (RFC 8414): what this server can do, which is one thing."""
    if (refusal := _only_get(request)) is not None:
        return refusal
    document = {
        "issuer": settings.ACCESS_TOKEN_ISSUER,
        "token_endpoint": request.build_absolute_uri("/oauth2/token"),
        "jwks_uri": request.build_absolute_uri("/.well-known/jwks.json"),
        "scopes_supported": list(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    return JsonResponse(document, headers={"Cache-Control": "public, max-age=300"})


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """The error for a request whose form can't be read; reading it here keeps the toolkit from raising later."""
    if request.META.get("QUERY_STRING"):
        return _error(400, "invalid_request", "parameters belong into the body")
    if request.content_type != FORM:
        return _error(400, "invalid_request", f"the body has to be {FORM}")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_FORM_BYTES:
        return _error(413, "invalid_request", "the body is too large")
    try:
        repeated = [name for name, values in request.POST.lists() if len(values) > 1]
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError, UnicodeError):
        return _error(400, "invalid_request", "the body can't be read")
    return _error(400, "invalid_request", "a parameter is given twice") if repeated else None


def _only_get(request: HttpRequest) -> HttpResponse | None:
    return None if request.method in {"GET", "HEAD"} else HttpResponse(status=405, headers={"Allow": "GET, HEAD"})


def _error(status: int, error: str, description: str, **headers: str) -> HttpResponse:
    return JsonResponse({"error": error, "error_description": description}, status=status, headers={**_NO_STORE, **headers})
