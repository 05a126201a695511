import pytest
from django.test import Client
from pytest_django import Settings

MIDDLEWARE = [
    "payment_engine.observability.correlation.correlation_middleware",
    "payment_engine.observability.metrics.metrics_middleware",
    "payment_engine.api.problems.problem_middleware",
    "tests.payment_engine.api.site.principal_middleware",
]


@pytest.fixture
def site(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.payment_engine.api.site"
    settings.MIDDLEWARE = MIDDLEWARE


@pytest.fixture
def client(site: None) -> Client:
    return Client(raise_request_exception=False)
