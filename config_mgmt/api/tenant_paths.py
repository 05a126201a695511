"""Paths that name their tenant: /config/tenants/{tenant_id}/…"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from django.http import HttpRequest

from config_mgmt.values import Actor
from tenants.context import tenant_scope
from tenants.errors import TenantAwaitsSchema, TenantMismatch
from tenants.middleware import SAFE_METHODS, ApiRequest, acting_tenant
from tenants.principal import Principal
from tenants.registry import TenantRecord

TENANT_ID: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[!-~]{1,63}$",
    "description": "Slug (demo-bank) or number (TIDLT-100008) of the tenant.",
}
_log = logging.getLogger(__name__)


@contextmanager
def addressed_tenant(request: HttpRequest, tenant_id: str) -> Iterator[TenantRecord]:
    """Work for the tenant the path names: the caller's own, or any for a platform:admin token, which is logged.

    Raises TenantMismatch for a tenant the caller is not bound to and for a header X-Tenant-ID that names another one,
    TenantUnknown (to platform clients only) for one that does not exist.
    """
    asserted = cast("ApiRequest", request).tenant
    principal = principal_of(request)
    tenant = acting_tenant(principal, tenant_id)
    assert tenant is not None, "a path names a tenant, so one was found or refused"  # noqa: S101
    if asserted is not None and asserted.slug != tenant.slug:
        raise TenantMismatch("X-Tenant-ID and the path name different tenants")
    if tenant.awaits_schema and request.method not in SAFE_METHODS:
        raise TenantAwaitsSchema("nothing can be stored for this tenant until its schema is made: manage.py onboard_tenant")
    if asserted is None:
        facts = {"client_id": principal.client_id, "for_tenant": tenant.slug, "method": request.method, "path": request.path_info}
        _log.info("platform client acts for a tenant", extra=facts)
    with tenant_scope(tenant):
        yield tenant


def principal_of(request: HttpRequest) -> Principal:
    """The caller; operations that declare scopes are reached by nobody else."""
    principal = cast("ApiRequest", request).principal
    assert principal is not None, "an operation with scopes is never served without a caller"  # noqa: S101
    return principal


def actor_of(request: HttpRequest) -> Actor:
    """Who acts with this request."""
    principal = principal_of(request)
    return Actor(
        name=principal.client_id,
        person=principal.person,
        is_platform=principal.is_platform,
        is_answered_for=principal.is_answered_for,
    )
