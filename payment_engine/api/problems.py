"""Errors out, in one place: every failure under /api/ and /oauth2/ is an RFC 9457 problem.

The OAuth2 endpoints' own JSON errors (RFC 6749) stay as they are.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec

import msgspec
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import exceptions as rest
from rest_framework.views import set_rollback

from payment_engine.api.database_errors import DATABASE_ERRORS, translate_database_error
from payment_engine.api.errors import (
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    PayloadTooLarge,
    RateLimited,
    UnsupportedMediaType,
)
from payment_engine.api.rest_errors import translate_rest_error
from payment_engine.errors import EngineError, Malformed, NotFound, Unavailable
from payment_engine.observability.correlation import correlation_id

PROBLEMS_PATH: Final = "/api/v1/problems/"
API_PREFIXES: Final = ("/api/", "/oauth2/")
CONTENT_TYPE: Final = "application/problem+json"
_READ_TO_END_BYTES: Final = 16 << 20
_CHUNK_BYTES: Final = 1 << 16
_encode: Final = msgspec.json.Encoder().encode
_OTHERS: Final = (Http404, PermissionDenied, SuspiciousOperation, BadRequest, UnreadablePostError)
_TRANSLATED: Final = (EngineError, rest.APIException, *DATABASE_ERRORS, *_OTHERS)
# Answers that Django gives as a page of HTML: unknown addresses, uncaught exceptions, refused hosts and methods.
_PAGES: Final[dict[int, EngineError]] = {
    400: Malformed("the request could not be understood"),
    401: NotAuthenticated("a valid access token is needed"),
    403: Forbidden("this is not allowed"),
    404: NotFound("there is nothing at this address"),
    405: MethodNotAllowed("this method is not available here"),
    406: NotAcceptable("none of the media types in Accept can be produced"),
    413: PayloadTooLarge("the body is too large"),
    415: UnsupportedMediaType("this content type is not read here"),
    429: RateLimited("too many requests"),
    500: InternalError("something went wrong on our side; it was logged under the correlation id"),
    503: Unavailable("not available at the moment"),
}
P = ParamSpec("P")
View = Callable[[HttpRequest], HttpResponseBase]


def problem_document(error: EngineError, request: HttpRequest) -> dict[str, object]:
    return {
        "type": PROBLEMS_PATH + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.path,
        "code": error.code,
        "correlationId": correlation_id(),
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors],
    }


def problem_response(error: EngineError, request: HttpRequest) -> HttpResponse:
    body = _encode(problem_document(error, request))
    response = HttpResponse(body, status=error.status, content_type=CONTENT_TYPE, headers=error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="payment-engine"')
    return response


def translate(error: Exception) -> EngineError | None:
    """The error as a caller may see it; None for what is a fault of ours."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, rest.APIException):
        return translate_rest_error(error)
    if isinstance(error, DATABASE_ERRORS):
        return translate_database_error(error)
    return _translate_other(error)


def _translate_other(error: Exception) -> EngineError | None:
    match error:
        case Http404():
            return _PAGES[404]
        case PermissionDenied():
            return _PAGES[403]
        case RequestDataTooBig():
            return _PAGES[413]
        case UnreadablePostError():
            return Malformed("the body could not be read to its end")
        case SuspiciousOperation() | BadRequest():
            return _PAGES[400]
        case _:
            return None


def problem_boundary(
    function: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For a middleware's callable: what it raises becomes a problem here, since Django would make it a 500.

    Views need no boundary: `problem_middleware` sees their exceptions after any transaction around them was rolled back.
    """

    @wraps(function)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return function(request, *args, **kwargs)
        except _TRANSLATED as error:
            if (translated := translate(error)) is None:
                raise
            return problem_response(translated, request)

    return guarded


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIXES)


class _ProblemMiddleware:
    __slots__ = ("_get_response",)

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not request.path_info.startswith(API_PREFIXES):
            return response
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            response = _as_problem(request, response)
            _read_to_end(request)
        headers = response.headers
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if not response.streaming:  # without its length an answer goes out in chunks
            headers.setdefault("Content-Length", str(len(response.content)))  # type: ignore[attr-defined]  # not streaming
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A view's exception. What stays untranslated goes on to Django, which logs it and answers 500."""
        if not is_api(request) or (error := translate(exception)) is None:
            return None
        return problem_response(error, request)


def _read_to_end(request: HttpRequest) -> None:
    """Of a body nobody looked at: a caller that is still sending would lose our answer to a reset connection."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    if hasattr(request, "_body") or not announced.isdecimal() or int(announced) > _READ_TO_END_BYTES:
        return
    with suppress(UnreadablePostError):
        while request.read(_CHUNK_BYTES):
            pass


def problem_middleware(get_response: View) -> _ProblemMiddleware:
    return _ProblemMiddleware(get_response)


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Replace Django's page for an error by the problem, keeping headers such as Allow."""
    error = _PAGES.get(response.status_code)
    if error is None or not response.headers.get("Content-Type", "").startswith("text/html"):
        return response
    problem = problem_response(error, request)
    for name, value in response.headers.items():
        if name not in {"Content-Type", "Content-Length"}:
            problem.headers[name] = value
    problem.cookies = response.cookies
    vars(problem)["_has_been_logged"] = getattr(response, "_has_been_logged", False)  # Django's mark, see log_response
    return problem


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Django REST framework's EXCEPTION_HANDLER; None lets the exception go on to Django as a fault of ours."""
    if (translated := translate(error)) is None:
        return None
    set_rollback()
    request = context["request"]
    return problem_response(translated, getattr(request, "_request", request))
