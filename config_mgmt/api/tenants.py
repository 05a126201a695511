"""GET and POST /config/tenants, GET and PATCH /config/tenants/{id}, GET /config/tenants/{id}/history."""

from datetime import datetime
from typing import Final, cast
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from config_mgmt.api import examples
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant, principal_of
from config_mgmt.api.tenant_shapes import (
    TenantChangeInput,
    TenantChangeOutput,
    TenantInput,
    TenantOutput,
    tenant_change_output,
    tenant_output,
)
from config_mgmt.models import TenantChange
from config_mgmt.operations.tenants import change_tenant, take_on_tenant
from events.answers import Answer
from events.api.answers import answered_once, json_answer, location
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.errors import Forbidden
from payment_engine.api.etags import check_if_match, version_etag
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.pagination import Keyset, newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import QueryParameter, as_filters, read_query
from payment_engine.api.response_headers import ETAG, ETAG_AT_TIMES, LOCATION
from payment_engine.api.scopes import PLATFORM_ADMIN
from tenants.context import current_tenant_id
from tenants.middleware import ApiRequest
from tenants.models import Tenant

TAG: Final = "Tenants"
_PATH: Final = {"tenant_id": TENANT_ID}
_KEYSET: Final = Keyset(name="tenants", columns=("reference", "slug"), key_type=tuple[str, str])
_HISTORY: Final = newest_first("tenant-history")
_FILTERS: Final = (
    QueryParameter(name="status", type=Tenant.Status),
    QueryParameter(name="tier", type=Tenant.Tier),
)


@operation(
    operation_id="listTenants",
    summary="List tenants",
    tag=TAG,
    scopes=("config:read",),
    query=_FILTERS,
    answers={200: PageOf(item=TenantOutput)},
    answer_examples={200: examples.TENANT},
)
def list_tenants(request: HttpRequest) -> HttpResponse:
    """The highest number first. A platform:admin token sees all of them, a tenant's token itself."""
    filters = as_filters(read_query(request, *_FILTERS, paged=True))
    page = page_parameters(request, _KEYSET)
    rows = page.slice(_visible(request).filter(**filters).select_related("placement"))
    return json_response(page_body(page, rows, key=_key, render=tenant_output))


def _visible(request: HttpRequest) -> QuerySet[Tenant]:
    named = cast("ApiRequest", request).tenant
    if named is not None:
        return Tenant.objects.filter(slug=named.slug)
    if not principal_of(request).acts_for_tenants:
        raise Forbidden(f"a token of the platform needs {PLATFORM_ADMIN} to see tenants")
    return Tenant.objects.filter(slug=settings.TENANT_PIN) if settings.TENANT_PIN else Tenant.objects.all()


def _key(tenant: Tenant) -> tuple[str, str]:
    return tenant.reference, tenant.slug


@operation(
    operation_id="createTenant",
    summary="Take on a tenant",
    tag=TAG,
    scopes=(PLATFORM_ADMIN,),
    body=TenantInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={201: TenantOutput, 200: TenantOutput},
    example=examples.NEW_TENANT,
    answer_examples={201: examples.TENANT},
    sends={200: (LOCATION, ETAG_AT_TIMES), 201: (LOCATION, ETAG_AT_TIMES)},
    errors=(409,),
)
def post_tenant(request: HttpRequest) -> HttpResponse:
    """It can work at once, with its rows kept apart in shared tables. One with a schema of its own waits for the platform's
    operators, and says so. Asked again for a tenant that is as asked, the answer is 200 and nothing changes."""
    body = decode_body(request, TenantInput)
    tag: dict[str, str] = {}  # of a tenant as it is now: an answer that is given again has none

    def take_on() -> Answer:
        tenant, created = take_on_tenant(order=body.as_order(), actor=actor_of(request), reason=body.reason)
        tag["ETag"] = version_etag(tenant.version)
        return json_answer(tenant_output(tenant), 201 if created else 200)

    return answered_once(request, body, take_on, headers=lambda asked, answer: {**location("tenantId")(asked, answer), **tag})


@operation(
    operation_id="getTenant",
    summary="Read a tenant",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    answers={200: TenantOutput},
    answer_examples={200: examples.TENANT},
    sends={200: (ETAG,)},
)
def get_tenant(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """With an ETag of what can be changed of it here (not of its features), for If-Match."""
    with addressed_tenant(request, tenant_id) as record:
        tenant = Tenant.objects.select_related("placement").get(slug=record.slug)
        return json_response(tenant_output(tenant), headers={"ETag": version_etag(tenant.version)})


@operation(
    operation_id="updateTenant",
    summary="Change, activate, suspend, resume or close a tenant",
    tag=TAG,
    scopes=(PLATFORM_ADMIN,),
    path=_PATH,
    body=TenantChangeInput,
    headers=(IF_MATCH,),
    answers={200: TenantOutput},
    example=examples.TENANT_CHANGE,
    answer_examples={200: examples.CHANGED_TENANT},
    sends={200: (ETAG,)},
    errors=(409, 412),
)
def patch_tenant(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """All of it or nothing. Members that are left out stay as they are."""
    body = decode_body(request, TenantChangeInput)
    with addressed_tenant(request, tenant_id) as record:
        tenant = change_tenant(
            slug=record.slug,
            changes=body.as_changes(),
            actor=actor_of(request),
            reason=body.reason,
            precondition=lambda locked: check_if_match(request, version_etag(locked.version)),
        )
        return json_response(tenant_output(tenant), headers={"ETag": version_etag(tenant.version)})


@operation(
    operation_id="listTenantHistory",
    summary="History of a tenant",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    answers={200: PageOf(item=TenantChangeOutput)},
)
def list_tenant_history(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """What happened to the tenant itself, newest first: who, when, from which status to which, and why."""
    read_query(request, paged=True)
    with addressed_tenant(request, tenant_id):
        page = page_parameters(request, _HISTORY)
        rows = page.slice(TenantChange.objects.filter(tenant_id=current_tenant_id()))
        return json_response(page_body(page, rows, key=_change_key, render=tenant_change_output))


def _change_key(change: TenantChange) -> tuple[datetime, UUID]:
    return change.created_at, change.id


tenants = endpoint(GET=list_tenants, POST=post_tenant)
tenant_view = endpoint(GET=get_tenant, PATCH=patch_tenant)
tenant_history = endpoint(GET=list_tenant_history)
