"""Rate limits in the portal: what applies, how much is used, changing it."""

import pytest
from django.conf import settings
from django.test import Client, override_settings

from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import save_rate_limit
from config_mgmt.queries.versions import active_version
from config_mgmt.rate_limits.limiter import limiter
from config_mgmt.rate_limits.policies import policies_in_force
from payment_engine.clock import now
from tenants.models import TierDefault
from tenants.registry import TenantRecord
from tests.portal.config.steps import ADA, diff, propose
from tests.portal.pages import html, send, words

pytestmark = pytest.mark.django_db
ENDPOINT = "/api/v1/transactions"
VALUE = {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60}
TYPED = {"rate_limit_per_minute": "500", "burst_capacity": "750", "window_size_seconds": "60"}


def _limit(endpoint: str = ENDPOINT, **changed: int) -> ConfigVersion:
    return save_rate_limit(endpoint=endpoint, value={**VALUE, **changed}, actor=ADA)[0]


def _page(name: str, endpoint: str = ENDPOINT) -> str:
    return url_of(name, endpoint=endpoint)


def _value(endpoint: str = ENDPOINT) -> object:
    version = active_version("RATE_LIMIT", endpoint)
    return version and version.value


def test_limits_are_listed_with_their_origin_and_usage(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    _limit("/api/v1/portal-test", burstCapacity=10, rateLimitPerMinute=1)
    TierDefault.objects.create(tier="ENTERPRISE", kind="RATE_LIMIT", key="/api/v1/reports", value=VALUE, changed_at=now())
    policy = policies_in_force().named("/api/v1/portal-test")
    assert policy is not None
    for _ in range(8):
        limiter().spend(policy)
    page = words(html(operator_a, url_of("rate_limits")))
    assert "/api/v1/portal-test 1 10 60 s Tenant 1 8 of 10" in page
    assert "/api/v1/reports 500 750 60 s Tier – 0 of 750" in page
    assert "every endpoint 60,000 90,000 60 s Default" in page
    assert "config-bar-warning" in html(operator_a, url_of("rate_limits"))


def test_usage_is_unknown_while_valkey_is_away(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    limiter.cache_clear()
    try:
        with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
            page = html(operator_a, url_of("rate_limits"))
    finally:
        limiter.cache_clear()
    assert "Valkey does not answer" in page
    assert "unknown" in page
    assert settings.REDIS_URL != "redis://127.0.0.1:1/0"


def test_an_endpoint_gets_a_limit_of_its_own(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    answer = propose(operator_a, url_of("rate_limit_add"), endpoint=ENDPOINT, **TYPED, reason="Guide")
    assert f"{ENDPOINT} v1 is in force." in words(answer.content.decode())
    assert _value() == VALUE
    assert "Guide" in html(operator_a, _page("rate_limit"))


def test_changing_a_limit_shows_the_difference(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    _limit()
    shown = send(operator_a, _page("rate_limit_change"), **{**TYPED, "burst_capacity": "900"})
    assert diff(shown) == [("burstCapacity", "750", "900")]
    propose(operator_a, _page("rate_limit_change"), **{**TYPED, "burst_capacity": "900"})
    assert _value() == {**VALUE, "burstCapacity": 900}


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("rate_limit_per_minute", "0", "from 1 to 1,000,000"),
        ("rate_limit_per_minute", "-5", "from 1 to 1,000,000"),
        ("burst_capacity", "10000001", "from 1 to 10,000,000"),
        ("window_size_seconds", "86401", "which is a day"),
        ("burst_capacity", "many", "whole number"),
        ("endpoint", "transactions", "an endpoint is a path such as"),
        ("endpoint", "/api/*/x", "an endpoint is a path such as"),
        ("endpoint", "/api/v1/accounts", "has a limit of its own"),
    ],
)
def test_what_a_limit_does_not_take_is_said_at_its_field(
    operator_a: Client, in_tenant_a: TenantRecord, field: str, typed: str, sentence: str
) -> None:
    _limit("/api/v1/accounts")
    answer = propose(operator_a, url_of("rate_limit_add"), **{"endpoint": ENDPOINT, **TYPED, field: typed})
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert ConfigVersion.objects.count() == 1


def test_a_limit_is_taken_away_and_rolled_back_to(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    version = _limit()
    answer = send(operator_a, _page("rate_limit_remove"), reason="Not needed")
    assert _value() is None
    assert "Decided by the limit of" in answer.content.decode()
    assert operator_a.get(_page("rate_limit_remove")).status_code == 404
    send(operator_a, page_of_version(version, "roll_back"))
    assert _value() == VALUE


@pytest.mark.parametrize("endpoint", ["", "nonsense", "/api/" + "x" * 300])
def test_an_endpoint_that_is_none_has_no_page(operator_a: Client, in_tenant_a: TenantRecord, endpoint: str) -> None:
    for name in ("rate_limit", "rate_limit_change", "rate_limit_remove"):
        assert operator_a.get(_page(name, endpoint)).status_code == 404


def test_a_tenant_meets_nothing_of_another_ones(operator_b: Client, in_tenant_a: TenantRecord) -> None:
    version = _limit("/api/v1/secret-endpoint")
    assert "secret-endpoint" not in html(operator_b, url_of("rate_limits"))
    page = words(html(operator_b, _page("rate_limit", "/api/v1/secret-endpoint")))
    assert "Decided by the limit of every endpoint" in page
    assert operator_b.post(_page("rate_limit_remove", "/api/v1/secret-endpoint"), {"expected_version": "1"}).status_code == 404
    version.refresh_from_db()
    assert version.status == "ACTIVE"
