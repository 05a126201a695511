"""Prometheus metrics of the engine.

The tenant is a label of counters only, and only for the first TENANT_LABELS_MAX tenants a process meets (then `other`):
series grow with tenants × types × statuses, and a histogram would multiply that by its buckets. Requests are measured by
our own middleware because django-prometheus' pair costs 66 µs a request; its model, cache and database wrappers are not
used either: they wrap every call and clash with the tenant-binding database backend.
With PROMETHEUS_MULTIPROC_DIR set (before this module is imported) all processes of a pod share one scrape.
"""

import ipaddress
import os
from collections.abc import Callable
from time import perf_counter
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

TENANT_LABELS_MAX: Final = 500
CHILDREN_MAX: Final = 5000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DEFAULT_NETWORKS: Final = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

PAYMENTS: Final = Counter("payment_transactions_total", "Payments by the status they reached.", ["tenant", "type", "status"])
REQUESTS: Final = Counter("http_requests_total", "HTTP requests answered.", ["method", "route", "status"])
REQUEST_SECONDS: Final = Histogram(
    "http_request_duration_seconds",
    "Time from the first middleware to the response.",
    ["method", "route", "status_class"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TASKS: Final = Counter("celery_tasks_total", "Celery tasks by outcome.", ["task", "state"])
TASK_SECONDS: Final = Histogram(
    "celery_task_duration_seconds", "Run time of Celery tasks.", ["task"], buckets=(0.01, 0.05, 0.25, 1, 5, 30, 120)
)

_tenants_labelled: set[str] = set()
_payment_children: dict[tuple[str, str, str], Counter] = {}
_request_children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def tenant_label(tenant: str) -> str:
    if tenant in _tenants_labelled:
        return tenant
    if len(_tenants_labelled) >= TENANT_LABELS_MAX:
        return "other"
    _tenants_labelled.add(tenant)
    return tenant


def count_payments(*, tenant: str, payment_type: str, status: str, count: int = 1) -> None:
    """Tell after the commit that `count` payments reached the status."""
    key = (tenant_label(tenant), payment_type, status)
    child = _payment_children.get(key)
    if child is None:
        if len(_payment_children) >= CHILDREN_MAX:
            key = ("other", "other", status)
        child = _payment_children[key] = PAYMENTS.labels(*key)
    child.inc(count)


def metrics_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Counts and times every request by route; the label children are resolved once and kept."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        response = get_response(request)
        match = request.resolver_match
        key = (request.method or "", match.route if match is not None else "unmatched", response.status_code)
        counter, histogram = _request_children.get(key) or _resolve(key)
        counter.inc()
        histogram.observe(perf_counter() - started)
        return response

    return middleware


def _resolve(key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
    method, route, status = key
    if method not in _METHODS:
        return _resolve(("OTHER", route, status)) if method != "OTHER" else _children(key)
    return _children(key)


def _children(key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
    method, route, status = key
    pair = REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route, f"{status // 100}xx")
    _request_children[key] = pair
    return pair


def metrics_view(request: HttpRequest) -> HttpResponse:
    """GET /metrics for scrapers that call the pod itself; whoever comes through a proxy or from elsewhere finds nothing."""
    if not _from_inside(request):
        raise Http404
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client is typed in part
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _from_inside(request: HttpRequest) -> bool:
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    networks = getattr(settings, "METRICS_ALLOWED_NETWORKS", _DEFAULT_NETWORKS)
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)
