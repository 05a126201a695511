"""Django REST framework's view of the principal. The framework imports this while half imported itself, so no views are imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission

from payment_engine.api.principals import Principal, principal_of, require_scopes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.views import APIView


class PrincipalAuthentication(BaseAuthentication):
    """Takes over what the tenant middleware found; it never looks at the token itself."""

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
        if method == "OPTIONS" or not hasattr(view, method.lower()):
            return True  # the framework answers these itself: with the methods there are, or 405
        if method not in table:
            return False
        require_scopes(request._request, table[method])  # noqa: SLF001 as above
        return True
