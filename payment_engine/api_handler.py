"""The web server's road to the API: the same middleware and views as Django's handler calls, without what pages need.

Left out are the portal's middleware (which lets these requests through untouched), the signals around each request, the
look at each pattern of `urls.py` before the right one, and answers in pieces where the whole answer is there: granian
takes a list of bytes in one call, and an iterator piece by piece. Tests and DEBUG use Django's handler;
tests/payment_engine/test_api_handler.py holds the two together.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string

from tenants.database.base import look_after_connections

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX: Final = "/api/"
_MATCHES_KEPT: Final = 1000
GetResponse = Callable[[HttpRequest], Any]


class ApiHandler:
    """A WSGI application in front of another, which gets what is not the API's."""

    def __init__(self, others: "WSGIApplication") -> None:
        self._others = others
        self._view_hooks: list[Callable[..., HttpResponseBase | None]] = []
        self._exception_hooks: list[Callable[..., HttpResponseBase | None]] = []
        self._matches: dict[str, ResolverMatch] = {}
        self._chain = self._middleware_around(self._view)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(_PREFIX) or environ.get("SCRIPT_NAME"):
            return self._others(environ, start_response)
        response = self.answer(environ)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.headers.items()))
        if response.streaming:
            whole: Iterable[bytes] = response  # the server closes it once it is sent, which is when connections are looked after
            return whole
        look_after_connections()
        return [response.content]

    def answer(self, environ: "WSGIEnvironment", body: bytes | None = None) -> HttpResponse | StreamingHttpResponse:
        """`body` is what `wsgi.input` holds, where it has been read already."""
        request = WSGIRequest(environ)
        if body is not None:
            request._body = body  # noqa: SLF001  # where HttpRequest.body keeps what it has read
        response: HttpResponse | StreamingHttpResponse = self._chain(request)
        return response

    def _middleware_around(self, view: GetResponse) -> GetResponse:
        """As `BaseHandler.load_middleware` does it."""
        chain: GetResponse = convert_exception_to_response(view)
        for name in reversed(settings.MIDDLEWARE):
            if _is_the_portals(name):
                continue
            middleware = import_string(name)(chain)
            if hasattr(middleware, "process_view"):
                self._view_hooks.insert(0, middleware.process_view)
            if hasattr(middleware, "process_exception"):
                self._exception_hooks.append(middleware.process_exception)
            chain = convert_exception_to_response(middleware)
        return chain

    def _view(self, request: HttpRequest) -> HttpResponseBase:
        match = request.resolver_match = self._match(request.path_info)
        for before in self._view_hooks:
            if (instead := before(request, match.func, match.args, match.kwargs)) is not None:
                return instead
        try:
            response: Any = match.func(request, *match.args, **match.kwargs)
            return response.render() if hasattr(response, "render") else response  # type: ignore[no-any-return]  # a view's answer
        except Exception as error:
            for translate in self._exception_hooks:
                if (answer := translate(request, error)) is not None:
                    return answer
            raise

    def _match(self, path: str) -> ResolverMatch:
        """An address without parameters is looked up once."""
        if (known := self._matches.get(path)) is not None:
            return known
        match = get_resolver().resolve(path)
        if not match.args and not match.kwargs and len(self._matches) < _MATCHES_KEPT:
            self._matches[path] = match
        return match


def _is_the_portals(middleware: str) -> bool:
    return "portal" in middleware.rpartition(".")[2].lower()
