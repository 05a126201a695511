"""Browsers' middleware for browsers' pages: sessions, CSRF, messages and the like run for every address but the machines'.

Naming the machines' addresses is the safe way round: a page that somebody adds is protected without asking.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from payment_engine.content_policy import HEADER, PORTAL_POLICY

# Bearer tokens, not cookies, speak for the caller here, so there is no session to forge a request in.
MACHINE_PREFIXES: Final = ("/api/", "/oauth2/", "/.well-known/", "/livez", "/readyz", "/metrics")


def serves_portal(request: HttpRequest) -> bool:
    return not request.path_info.startswith(MACHINE_PREFIXES)


class NoFiles(FileUploadHandler):
    """No form takes files: one in a body ends the reading of it, and nothing is stored on the way."""

    def new_file(self, *_args: object, **_kwargs: object) -> None:
        raise StopUpload(connection_reset=True)


def portal_policy_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """What the portal's pages may load. Answers for machines go without: no browser shows them, and those that it does bring their own."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if serves_portal(request):
            response.headers.setdefault(HEADER, PORTAL_POLICY)
        return response

    return answer


class PortalOnly:
    """In front of a Django middleware class: outside the portal it is not there."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401 what the wrapped middleware returns
        if request.path_info.startswith(MACHINE_PREFIXES):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]  # the class this one stands in front of is callable


class PortalSecurityMiddleware(PortalOnly, SecurityMiddleware): ...


class PortalWhiteNoiseMiddleware(PortalOnly, WhiteNoiseMiddleware): ...  # type: ignore[misc]  # whitenoise is untyped


class PortalSessionMiddleware(PortalOnly, SessionMiddleware): ...


class PortalLocaleMiddleware(PortalOnly, LocaleMiddleware): ...


class PortalCommonMiddleware(PortalOnly, CommonMiddleware): ...


class PortalCsrfViewMiddleware(PortalOnly, CsrfViewMiddleware):
    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        if not serves_portal(request):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class PortalAuthenticationMiddleware(PortalOnly, AuthenticationMiddleware): ...


class PortalMessageMiddleware(PortalOnly, MessageMiddleware): ...


class PortalXFrameOptionsMiddleware(PortalOnly, XFrameOptionsMiddleware): ...
