from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from payment_engine import portal

MACHINE_PATHS = ["/api/v1/transactions", "/oauth2/token", "/.well-known/jwks.json", "/livez", "/readyz", "/metrics"]
PORTAL_PATHS = ["/admin/", "/accounts/login/", "/", "/static/x.css", "//api/v1/x", "/admin/api/"]


def answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_machines_get_no_session(path: str) -> None:
    request = RequestFactory().get(path)
    portal.PortalSessionMiddleware(answer)(request)
    assert not hasattr(request, "session")


@pytest.mark.parametrize("path", PORTAL_PATHS)
def test_every_other_address_gets_a_session(path: str) -> None:
    request = RequestFactory().get(path)
    portal.PortalSessionMiddleware(answer)(request)
    assert hasattr(request, "session")


@pytest.mark.parametrize(("path", "refused"), [("/api/v1/transactions", False), ("/admin/login/", True), ("/unknown-page", True)])
def test_forged_posts_are_refused_outside_the_api(path: str, *, refused: bool) -> None:
    request = RequestFactory(enforce_csrf_checks=True).post(path)
    middleware = portal.PortalCsrfViewMiddleware(answer)
    assert (middleware.process_view(request, answer, (), {}) is not None) is refused


@pytest.mark.parametrize(("path", "framed"), [("/api/v1/x", False), ("/admin/", True)])
def test_framing_is_forbidden_for_pages(path: str, *, framed: bool) -> None:
    response: Any = portal.PortalXFrameOptionsMiddleware(answer)(RequestFactory().get(path))
    assert response.has_header("X-Frame-Options") is framed


@pytest.mark.parametrize("path", PORTAL_PATHS)
def test_every_page_says_what_it_may_load(path: str) -> None:
    response: Any = portal.portal_policy_middleware(answer)(RequestFactory().get(path))
    policy = dict(each.split(" ", 1) for each in response.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "script-src": "'self' 'unsafe-eval'",
    }


@pytest.mark.parametrize("path", MACHINE_PATHS)
def test_answers_for_machines_carry_no_policy(path: str) -> None:
    response: Any = portal.portal_policy_middleware(answer)(RequestFactory().get(path))
    assert "Content-Security-Policy" not in response.headers


def test_django_recognises_the_middleware_it_checks_for() -> None:
    assert issubclass(portal.PortalSessionMiddleware, SessionMiddleware)
    assert issubclass(portal.PortalAuthenticationMiddleware, AuthenticationMiddleware)


def test_every_portal_middleware_can_be_built_and_called(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.ROOT_URLCONF = "tests.payment_engine.api.site"
    handler: Any = answer
    for name in ("Message", "Authentication", "CsrfView", "Common", "Locale", "Session", "XFrameOptions", "WhiteNoise", "Security"):
        handler = getattr(portal, f"Portal{name}Middleware")(handler)
    assert handler(RequestFactory().get("/api/v1/x")).content == b"ok"
    assert handler(RequestFactory().get("/admin/")).content == b"ok"
