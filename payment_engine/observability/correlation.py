"""One id that follows a request through logs, tasks, webhooks, audit events and problems."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.log import log_response
from uuid_utils import uuid7

HEADER: Final = "X-Correlation-ID"
_META: Final = "HTTP_X_CORRELATION_ID"
ID_PATTERN: Final = "[A-Za-z0-9._:-]{1,128}"
_ACCEPTED: Final = re.compile(ID_PATTERN, re.ASCII)
_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)

Binding = Token[str | None]


def correlation_id() -> str | None:
    """The id of what is being done now; None outside requests and tasks."""
    return _current.get()


def accepted_or_new(offered: object) -> str:
    """What the caller offers, if it is safe to write into logs and headers; else a new UUIDv7."""
    if isinstance(offered, str) and _ACCEPTED.fullmatch(offered):
        return offered
    return str(uuid7())


def bind(value: str) -> Binding:
    return _current.set(value)


def unbind(token: Binding) -> None:
    _current.reset(token)


@contextmanager
def correlated(value: str | None = None) -> Iterator[str]:
    """Run under the given id (commands, sweepers, inbound messages), or under a new one."""
    chosen = accepted_or_new(value)
    token = bind(chosen)
    try:
        yield chosen
    finally:
        unbind(token)


def log_refusal(request: HttpRequest, response: HttpResponseBase) -> None:
    """Django's own line about an error answer, once, but while correlation id and tenant are still bound."""
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        log_response(
            "%s: %s",
            response.reason_phrase,
            request.path,
            response=response,  # type: ignore[arg-type]  # it takes streamed ones as well
            request=request,
        )


def correlation_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Outermost middleware: every response, also an error's, carries the id."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = accepted_or_new(request.META.get(_META))
        token = _current.set(chosen)
        try:
            response = get_response(request)
            log_refusal(request, response)
        finally:
            _current.reset(token)
        response[HEADER] = chosen
        return response

    return middleware
