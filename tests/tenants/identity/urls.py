"""A small API and portal whose views tell in which scope they run."""

import json
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import include, path

from accounts.models import Customer
from payment_engine.api.endpoints import endpoint, operation
from tenants.context import current_scope


def _where(request: HttpRequest) -> dict[str, object]:
    scope = current_scope()
    return {
        "tenant": scope.tenant_id if scope else None,
        "platform": bool(scope and scope.platform),
        "client": getattr(getattr(request, "principal", None), "client_id", None),
        "named": getattr(getattr(request, "tenant", None), "slug", None),
    }


@operation(operation_id="probe", summary="Probe", tag="Tests", scopes=("payments:read",), answers={200: None})
def read_probe(request: HttpRequest) -> HttpResponse:
    return JsonResponse({**_where(request), "customers": Customer.objects.count()})


@operation(operation_id="probeWrite", summary="Probe", tag="Tests", scopes=("payments:write",), answers={201: None})
def write_probe(request: HttpRequest) -> HttpResponse:
    customer = Customer.objects.create(name="Written by a probe")
    return JsonResponse({**_where(request), "owner": customer.tenant_id}, status=201)


@operation(operation_id="configure", summary="Configure", tag="Tests", scopes=("platform:admin",), answers={200: None})
def configure(request: HttpRequest, tenant: str) -> HttpResponse:
    return JsonResponse({**_where(request), "path": tenant})


@operation(operation_id="stream", summary="Stream", tag="Tests", scopes=("payments:read",), answers={200: None})
def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for _ in range(3):
            yield json.dumps({**_where(request), "customers": Customer.objects.count()}) + "\n"

    return StreamingHttpResponse(lines(), content_type="application/jsonl")


def tell(request: HttpRequest, **_captured: str) -> HttpResponse:
    return JsonResponse(_where(request))


urlpatterns = [
    path("", include("tenants.api.urls")),
    path("api/v1/", include("payment_engine.api.urls")),
    path("api/v1/probe", endpoint(GET=read_probe, POST=write_probe)),
    path("api/v1/config/tenants/<str:tenant>", endpoint(GET=configure, PATCH=configure)),
    path("api/v1/stream", endpoint(GET=stream)),
    path("api/v1/undeclared", tell),
    path("api/v1/health", tell),
    path("admin/probe/", tell),
    path("admin/logout/", tell),
    path("elsewhere/", tell),
]
