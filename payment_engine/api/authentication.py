"""Who calls: the tenant middleware verifies the token and leaves a principal on the request, everything here only asks it.

Nothing is allowed by omission: an operation that declares scopes refuses a request without a principal.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, cast

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from payment_engine.api.errors import NotAuthenticated, ScopeMissing


class Principal(Protocol):
    @property
    def scopes(self) -> frozenset[str]: ...


def principal_of(request: HttpRequest) -> Principal | None:
    return cast("Principal | None", getattr(request, "principal", None))


def require_scopes(request: HttpRequest, scopes: Iterable[str]) -> None:
    """401 without a principal, 403 when it has not every one of the scopes."""
    principal = principal_of(request)
    if principal is None:
        raise NotAuthenticated("a valid access token is needed")
    missing = sorted(set(scopes) - principal.scopes)
    if missing:
        raise ScopeMissing(f"the access token has not the scope {' '.join(missing)}", headers=_insufficient(missing))


def _insufficient(missing: list[str]) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="payment-engine", error="insufficient_scope", scope="{" ".join(missing)}"'}


class PrincipalAuthentication(BaseAuthentication):
    """Django REST framework's view of the principal."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        principal = principal_of(request._request)  # noqa: SLF001 DRF gives no public way to the request it wraps
        return None if principal is None else (principal, None)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="payment-engine"'


class HasOperationScope(BasePermission):
    """A DRF view says `required_scopes = {"GET": ("config:read",), "POST": ("config:write",)}`; one that doesn't is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        table: Mapping[str, tuple[str, ...]] = getattr(view, "required_scopes", {})
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method not in table:
            return False
        require_scopes(request._request, table[method])  # noqa: SLF001 as above
        return True


class PrincipalScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's registry is untyped
    """How a DRF view's authentication appears in the document."""

    target_class = PrincipalAuthentication
    name = "oauth2"

    def get_security_requirement(self, auto_schema: object) -> dict[str, list[str]]:
        view = getattr(auto_schema, "view", None)
        method = getattr(auto_schema, "method", "GET")
        return {self.name: list(getattr(view, "required_scopes", {}).get(method, ()))}

    def get_security_definition(self, auto_schema: object) -> dict[str, object]:
        from payment_engine.api.openapi import OAUTH2_SCHEME  # noqa: PLC0415 the document imports the endpoints, which import us

        return OAUTH2_SCHEME
