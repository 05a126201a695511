"""The doors of HTTP: who calls, for which tenant, and nothing of any other tenant from there on.

API: the access token binds the tenant. `X-Tenant-ID` (slug or TIDLT number) is an assertion of the same tenant; only a
platform client with platform:admin chooses one with it, and that is logged. The client's and the tenant's standing are
asked on every request from caches of a few seconds, so a valid token of a suspended tenant makes no payments.
Portal: the tenant of the person who is signed in; platform staff see one tenant they chose, or read across all.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.defaults import permission_denied

from payment_engine.api.endpoints import CONFIG_PREFIX, operations_of
from payment_engine.api.errors import Forbidden, NotAuthenticated
from payment_engine.api.problems import problem_boundary, problem_response
from payment_engine.observability.correlation import log_refusal
from tenants.context import POOL_SCHEMA, Scope, scope_of, use
from tenants.errors import TenantMismatch, TenantNotActive, TenantRequired, TenantSuspended, TenantUnknown
from tenants.models import StaffUser, Tenant
from tenants.principal import Principal, authenticate
from tenants.registry import TenantRecord, tenant_by_slug, tenant_by_slug_or_reference
from tenants.scopes import is_public
from tenants.tokens import refused

GetResponse = Callable[[HttpRequest], HttpResponseBase]
API_PREFIX: Final = "/api/"
PORTAL_PREFIX: Final = "/admin/"
SESSION_PATHS: Final = ("/admin/login/", "/admin/logout/", "/admin/password_change/")
ACTING_TENANT: Final = "acting_tenant"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PLATFORM_SCOPE: Final = Scope(tenant_id=None, schema=POOL_SCHEMA, platform=True)
_log = logging.getLogger(__name__)


class ApiRequest(HttpRequest):
    """What the middleware leaves on a request: the caller (None on public paths) and the tenant it is for, if any."""

    principal: Principal | None
    tenant: TenantRecord | None


class PortalRequest(HttpRequest):
    """What the middleware leaves on a request of a tenant's people, so that no page offers what it refuses."""

    tenant_suspended: bool


class _ApiTenantMiddleware:
    __slots__ = ("_get_response",)

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API_PREFIX):
            return self._get_response(request)
        return _serve(request, self._get_response)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], _args: object, _kwargs: object) -> HttpResponse | None:
        """Closed by default: a view that declares no scopes is not served, whoever asks."""
        if not request.path_info.startswith(API_PREFIX) or operations_of(view) or is_public(request.path_info):
            return None
        if hasattr(getattr(view, "cls", None), "required_scopes"):
            return None
        return problem_response(Forbidden("this operation declares no scopes, so nobody may call it"), request)


def api_tenant_middleware(get_response: GetResponse) -> _ApiTenantMiddleware:
    return _ApiTenantMiddleware(get_response)


@problem_boundary
def _serve(request: HttpRequest, get_response: GetResponse) -> HttpResponseBase:
    scope = _admit(cast("ApiRequest", request))
    with use(scope):
        response = get_response(request)
        log_refusal(request, response)
    return _streaming_in(scope, response)


def _admit(request: ApiRequest) -> Scope | None:
    """Set `principal` and `tenant` on the request; the scope its work is done in."""
    named: str | None = request.META.get("HTTP_X_TENANT_ID")
    if is_public(request.path_info):
        named_to_read = named is not None and request.method in SAFE_METHODS  # to any other method the answer is 405
        request.principal, request.tenant = None, _pinned(tenant_by_slug_or_reference(named or "")) if named_to_read else None
        return None
    principal = request.principal = authenticate(_bearer_token(request))
    tenant = request.tenant = acting_tenant(principal, named)
    if tenant is None:
        if not request.path_info.startswith(CONFIG_PREFIX):
            raise TenantRequired("a platform token names the tenant it acts for in X-Tenant-ID")
        return _PLATFORM_SCOPE
    _check_standing(request, principal, tenant)
    if principal.is_platform:
        facts = {"client_id": principal.client_id, "for_tenant": tenant.slug, "method": request.method, "path": request.path_info}
        _log.info("platform client acts for a tenant", extra=facts)
    return scope_of(tenant)


def _bearer_token(request: HttpRequest) -> str:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        raise NotAuthenticated("a valid access token is needed")
    if scheme.lower() != "bearer" or not token:
        raise refused("the Authorization header has no Bearer token")
    return str(token)


def acting_tenant(principal: Principal, named: str | None) -> TenantRecord | None:
    """The tenant this caller works for, when a header or a path names one (slug or number) or none.

    None: a platform client that named none. Raises TenantMismatch for a tenant the caller is not bound to, whether it
    exists or not, and TenantUnknown (to platform clients only) for one that does not exist.
    """
    if principal.tenant is not None:
        tenant = _bound_tenant(principal.tenant)
        if named is not None and named not in {tenant.slug, tenant.reference}:
            raise TenantMismatch("the access token is bound to another tenant")
        return tenant
    if named is None:
        return None
    if not principal.acts_for_tenants:
        raise TenantMismatch("only a platform:admin token acts for the tenant it names")
    return _pinned(tenant_by_slug_or_reference(named))


def _bound_tenant(slug: str) -> TenantRecord:
    try:
        return _pinned(tenant_by_slug(slug))
    except TenantUnknown:
        raise refused("the access token is for a tenant that does not exist") from None


def _pinned(tenant: TenantRecord) -> TenantRecord:
    if settings.TENANT_PIN and tenant.slug != settings.TENANT_PIN:
        raise TenantMismatch("this deployment serves another tenant")
    return tenant


def _check_standing(request: HttpRequest, principal: Principal, tenant: TenantRecord) -> None:
    """An active tenant may all, a suspended one may read; the platform configures tenants in every state."""
    if tenant.status == Tenant.Status.ACTIVE or (principal.is_platform and request.path_info.startswith(CONFIG_PREFIX)):
        return
    if tenant.status != Tenant.Status.SUSPENDED:
        raise TenantNotActive("the tenant is not active", tenant=tenant.slug)
    if request.method not in SAFE_METHODS:
        raise TenantSuspended("the tenant is suspended: it can read, and change nothing", tenant=tenant.slug)


def _streaming_in(scope: Scope | None, response: HttpResponseBase) -> HttpResponseBase:
    """A streamed body is made after the middleware has returned: each of its chunks is made in the scope again."""
    if isinstance(response, StreamingHttpResponse) and not response.is_async:
        response.streaming_content = _chunks_in(scope, response.streaming_content)  # type: ignore[arg-type]  # not async
    return response


def _chunks_in(scope: Scope | None, chunks: Iterable[bytes]) -> Iterator[bytes]:
    iterator = iter(chunks)
    while True:
        with use(scope):
            chunk = next(iterator, None)
        if chunk is None:
            return
        yield chunk


def portal_tenant_middleware(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PORTAL_PREFIX):
            return get_response(request)
        if "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise BadRequest("no text holds the character U+0000")
        with use(None):  # sessions and staff are in the registry: they are read before a tenant is known
            try:
                scope = _staff_scope(request)
            except (TenantUnknown, TenantMismatch, TenantNotActive):
                logout(request)
                return HttpResponseRedirect(settings.LOGIN_URL)
            except TenantSuspended as error:
                return permission_denied(request, error)
        with use(scope):
            response = get_response(request)
        return _streaming_in(scope, response)

    return middleware


def _staff_scope(request: HttpRequest) -> Scope | None:
    user = request.user
    if not isinstance(user, StaffUser) or not user.is_staff:
        return None
    slug: str | None = user.tenant_id
    if slug is None:
        return _chosen_scope(request)
    tenant = _pinned(tenant_by_slug(slug))
    if tenant.status not in {Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED}:
        raise TenantNotActive("the tenant is not active", tenant=slug)
    suspended = tenant.status == Tenant.Status.SUSPENDED
    cast("PortalRequest", request).tenant_suspended = suspended
    if suspended and request.method not in SAFE_METHODS and request.path_info not in SESSION_PATHS:
        raise TenantSuspended("the tenant is suspended: it can read, and change nothing", tenant=slug)
    return scope_of(tenant)


def _chosen_scope(request: HttpRequest) -> Scope:
    """Of platform staff: the tenant they chose to act for (session key `acting_tenant`), else reading across all."""
    chosen = request.session.get(ACTING_TENANT)
    if not chosen:
        return _PLATFORM_SCOPE
    try:
        tenant: TenantRecord | None = _pinned(tenant_by_slug(chosen))
    except (TenantUnknown, TenantMismatch):
        tenant = None
    if tenant is None or tenant.awaits_schema:
        del request.session[ACTING_TENANT]
        return _PLATFORM_SCOPE
    return scope_of(tenant)
