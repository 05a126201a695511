import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from prometheus_client import REGISTRY
from pytest_django import Settings

from payment_engine.observability import metrics
from payment_engine.observability.metrics import count_payments, metrics_middleware, metrics_view


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def call(method: str, route: str | None, status: int) -> None:
    class Match:
        def __init__(self, route: str) -> None:
            self.route = route

    def view(request: HttpRequest) -> HttpResponse:
        matched: Any = None if route is None else Match(route)
        request.resolver_match = matched
        return HttpResponse(status=status)

    metrics_middleware(view)(RequestFactory().generic(method, "/whatever"))


def test_payments_are_counted_by_tenant_type_and_status() -> None:
    labels = {"tenant": "t-count", "type": "DEMO", "status": "COMPLETED"}
    count_payments(tenant="t-count", payment_type="DEMO", status="COMPLETED")
    count_payments(tenant="t-count", payment_type="DEMO", status="COMPLETED", count=4)
    assert sample("payment_transactions_total", **labels) == 5


def test_requests_are_counted_by_route_and_timed_by_status_class() -> None:
    for status in (200, 201, 404):
        call("GET", "api/v1/toys/<str:toy_id>", status)
    route = "api/v1/toys/<str:toy_id>"
    assert [sample("http_requests_total", method="GET", route=route, status=status) for status in ("200", "201", "404")] == [1, 1, 1]
    assert sample("http_request_duration_seconds_count", method="GET", route=route, status_class="2xx") == 2


def test_strange_methods_and_addresses_make_no_series_of_their_own() -> None:
    before = sample("http_requests_total", method="OTHER", route="unmatched", status="404")
    for method in ("BREW", "FOO", "BAR"):
        call(method, None, 404)
    assert sample("http_requests_total", method="OTHER", route="unmatched", status="404") == before + 3
    assert not any("BREW" in key for key in metrics._request_children)


def test_many_tenants_share_a_label_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_tenants_labelled", set())
    monkeypatch.setattr(metrics, "_payment_children", {})
    for number in range(metrics.TENANT_LABELS_MAX + 20):
        count_payments(tenant=f"t-{number}", payment_type="X", status="COMPLETED")
    tenants = {s.labels["tenant"] for family in metrics.PAYMENTS.collect() for s in family.samples if s.labels["type"] == "X"}
    assert len(tenants) == metrics.TENANT_LABELS_MAX + 1
    assert sample("payment_transactions_total", tenant="other", type="X", status="COMPLETED") == 20


def test_a_tenant_costs_few_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_tenants_labelled", set())
    monkeypatch.setattr(metrics, "_payment_children", {})
    before = sum(len(family.samples) for family in REGISTRY.collect())
    for number in range(200):
        for status in ("COMPLETED", "REJECTED"):
            count_payments(tenant=f"series-{number}", payment_type="DEMO", status=status)
    assert (sum(len(family.samples) for family in REGISTRY.collect()) - before) / 200 <= 20


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("127.0.0.1", None, 200),
        ("10.1.2.3", None, 200),
        ("::1", None, 200),
        ("8.8.8.8", None, 404),
        ("", None, 404),
        ("10.1.2.3", "1.2.3.4", 404),
    ],
)
def test_only_scrapers_inside_read_the_metrics(address: str, forwarded: str | None, status: int) -> None:
    from django.http import Http404

    extra: dict[str, Any] = {"REMOTE_ADDR": address} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    request = RequestFactory().get("/metrics", **extra)
    if status == 404:
        with pytest.raises(Http404):
            metrics_view(request)
    else:
        assert b"payment_transactions_total" in metrics_view(request).content


def test_the_networks_are_a_setting(settings: Settings) -> None:
    settings.METRICS_ALLOWED_NETWORKS = ["8.8.0.0/16"]
    assert metrics_view(RequestFactory().get("/metrics", REMOTE_ADDR="8.8.8.8")).status_code == 200


def test_processes_share_one_scrape(tmp_path: Path) -> None:
    """Counters of processes that are gone, even killed, are still there."""
    counting = (
        "import os, signal, django; django.setup();"
        "from payment_engine.observability.metrics import count_payments;"
        "count_payments(tenant='t', payment_type='X', status='COMPLETED', count=3);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    scraping = (
        "import django; django.setup();"
        "from django.test import RequestFactory;"
        "from payment_engine.observability.metrics import metrics_view;"
        "print(metrics_view(RequestFactory().get('/metrics')).content.decode())"
    )
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.payment_engine.observability.bare_settings",
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", counting], env=environment, check=False)
    scraped = subprocess.run([sys.executable, "-c", scraping], env=environment, check=True, capture_output=True, text=True).stdout
    assert 'payment_transactions_total{status="COMPLETED",tenant="t",type="X"} 6.0' in scraped
