"""Scopes: who may hold which, and the paths that need no token at all.

What an operation needs is declared once, where it is defined (`payment_engine.api.endpoints.operation`, or
`required_scopes` on a Django REST framework view): `endpoint` enforces that declaration, the OpenAPI document publishes
it, and a test holds it against the reviewed list of every operation. `tenants.middleware` refuses what declares nothing.
"""

from collections.abc import Iterable
from typing import Final

from payment_engine.api.scopes import PLATFORM_ADMIN, SCOPES
from payment_engine.errors import FieldError, ValidationFailed

TENANT_SCOPES: Final = frozenset(SCOPES) - {PLATFORM_ADMIN}
PUBLIC_PATHS: Final = frozenset({"/api/v1/health", "/api/v1/config/health", "/api/v1/schema", "/api/v1/docs", "/api/v1/problems"})
PUBLIC_PREFIXES: Final = ("/api/v1/docs/", "/api/v1/problems/")


def is_public(path: str) -> bool:
    """True for paths that are served without a token."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)


def known_scopes(scopes: Iterable[str], *, platform: bool) -> frozenset[str]:
    """The scopes as a set; raises ValidationFailed for one that does not exist or that a tenant's client can't hold."""
    wanted = frozenset(scopes)
    refused = sorted(wanted - (frozenset(SCOPES) if platform else TENANT_SCOPES))
    if refused:
        errors = [
            FieldError(pointer="/scopes", code="scope_unknown", detail=f"{scope!r} is not a scope this client may have")
            for scope in refused
        ]
        raise ValidationFailed("; ".join(error.detail for error in errors), errors=errors)
    return wanted
