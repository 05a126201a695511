"""Who calls: the tenant middleware verifies the token and leaves a principal on the request, everything here only asks it.

Nothing is allowed by omission: an operation that declares scopes refuses a request without a principal.
"""

from collections.abc import Iterable
from typing import Protocol, cast

from django.http import HttpRequest

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
