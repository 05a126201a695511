"""`manage.py prove_isolation` against a running web: exit 0 when everything holds, exit 1 naming the table otherwise."""

import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from config_mgmt.operations.rate_limits import save_rate_limit
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.values import Actor
from payment_engine.clock import now
from payment_engine.errors import EngineError
from payments.operations.calendars import add_calendar_day
from tenants.context import tenant_scope
from tenants.isolation.portal_attacks import PROOF_USER
from tenants.models import ApiClient, StaffUser, Tenant
from tenants.operations.clients import create_api_client
from tenants.operations.prove_isolation import PROOF_NAME, pairs_to_try
from tenants.operations.staff import create_staff_user
from tenants.registry import TenantRecord, forget
from tenants.scopes import TENANT_SCOPES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
NO_WEB = "http://127.0.0.1:9"
Plant = Callable[..., None]


def prove(*arguments: str) -> str:
    out = io.StringIO()
    call_command("prove_isolation", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _furnished(two_furnished: tuple[TenantRecord, TenantRecord]) -> None:
    """Both tenants have something to steal."""


@pytest.fixture
def _one_is_configured(tenant_b: TenantRecord) -> None:
    """With words that are the product's own: pages show them to every tenant."""
    actor = Actor(name="Olga of beta", person="olga@beta-bank")
    with tenant_scope(tenant_b):
        change_setting(key="payment.max_daily_limit", value="100000.00", actor=actor, authority=Authority(is_platform=False))
        limit = RateLimit(per_minute=60_000, burst=60_000)
        save_rate_limit(endpoint="/api/v1/transactions", value=limit.as_value(), actor=actor)
        add_calendar_day(calendar="TARGET2", day=date(2026, 6, 10), is_business_day=False, name="Move to the new core", actor=actor)


def _left_behind_by_a_run_that_was_killed() -> None:
    client = create_api_client(tenant="alpha-bank", name=PROOF_NAME, scopes=TENANT_SCOPES)
    user = create_staff_user(username=f"{PROOF_USER}1", password="correct-horse-battery", tenant=Tenant.objects.get(slug="alpha-bank"))
    ApiClient.objects.filter(client_id=client.client_id).update(created=now() - timedelta(hours=2))
    StaffUser.objects.filter(pk=user.pk).update(date_joined=now() - timedelta(hours=2))


@pytest.mark.usefixtures("_one_is_configured")
def test_it_holds_over_http_too_and_leaves_nothing_behind(live_server: Any) -> None:
    before = [model.objects.count() for model in (ApiClient, StaffUser, Session)]
    _left_behind_by_a_run_that_was_killed()
    found = json.loads(prove("alpha-bank", "beta-bank", "--json", "--base-url", live_server.url))
    assert {each["verdict"] for each in found} <= {"held", "n/a"}
    areas = {each["area"] for each in found if each["verdict"] == "held"}
    assert areas == {"catalogs", "SQL", "ORM", "context", "tasks", "cache", "API", "portal", "afterwards"}
    assert sum(each["area"] == "portal" and each["verdict"] == "held" for each in found) > 100
    assert [model.objects.count() for model in (ApiClient, StaffUser, Session)] == before
    assert_reached(found)


def assert_reached(found: list[dict[str, str]]) -> None:
    """The doors that move money were really tried, with ids the victim itself reaches there."""
    verdicts = {(each["attack"], each["target"]): each["verdict"] for each in found if each["attacker"] == "alpha-bank"}
    assert verdicts["ids in the path", "GET /api/v1/transactions/{transactionId}"] == "held"
    assert verdicts["ids in the path", "POST /api/v1/transactions/{transactionId}/reverse"] == "held"
    assert verdicts["ids in the path", "GET /api/v1/accounts/{accountId}/balance"] == "held"
    assert verdicts["ids in the body", "POST /api/v1/transactions"] == "held"
    assert verdicts["ids in the body", "POST /api/v1/accounts"] == "held"


def test_what_is_open_is_named_with_every_attack_that_got_through_and_the_web_that_is_not_there(
    tenant_b: TenantRecord, planted: Plant
) -> None:
    """One proof of two faults, in the area they are in; that nothing else leaks is said above."""
    _open_a_table(tenant_b, planted)
    _drop_a_policy(tenant_b, planted)
    out = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("prove_isolation", "--area", "sql", "--area", "API", "--base-url", NO_WEB, stdout=out)
    sentences = str(refused.value)
    assert re.search(rf"LEAK: catalogs, catalog check, {tenant_b.schema}\.customers: policy .* is missing", sentences)
    assert f"LEAK: SQL, read, no tenant ever set, {tenant_b.schema}.transactions" in sentences
    assert f"LEAK: SQL, UPDATE, take rows over, {tenant_b.schema}.transactions" in sentences
    without_web = f"skipped: API, every operation, - (alpha-bank → beta-bank): no web at {NO_WEB}"
    assert without_web in out.getvalue()
    assert without_web in sentences, "an address that was named must answer"
    assert "not asked for: ORM, context, cache, portal" in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{tenant_b.schema}".transactions WHERE tenant_id = %s', [tenant_b.slug])
        assert cursor.fetchone() == (3,)  # seen, and still not changed


def _open_a_table(tenant: TenantRecord, planted: Plant) -> None:
    table = f'"{tenant.schema}".transactions'
    planted(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", undo=f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def _drop_a_policy(tenant: TenantRecord, planted: Plant) -> None:
    table = f'"{tenant.schema}".customers'
    planted(
        f"DROP POLICY tenant_isolation_customers ON {table}",
        undo=f"CREATE POLICY tenant_isolation_customers ON {table}"
        " USING (tenant_id = tenants.current_tenant()) WITH CHECK (tenant_id = tenants.current_tenant())",
    )


@pytest.fixture
def _no_web(settings: Settings, tmp_path: Path) -> None:
    """The demo's address is that of a web that was stopped."""
    settings.DATA_DIR = tmp_path
    (tmp_path / "demo.json").write_text(json.dumps({"baseUrl": NO_WEB}))


@pytest.mark.usefixtures("_no_web")
def test_an_area_that_was_asked_for_must_be_tried() -> None:
    with pytest.raises(CommandError) as refused:
        prove("alpha-bank", "beta-bank", "--area", "api")
    assert f"isolation is not proved:\nskipped: API, every operation, - (alpha-bank → beta-bank): no web at {NO_WEB}" in str(refused.value)


def test_it_needs_two_different_active_tenants() -> None:
    with pytest.raises(CommandError, match="two tenants, or none"):
        prove("alpha-bank")
    with pytest.raises(CommandError, match="two different tenants"):
        prove("alpha-bank", "TIDLT-100001")
    Tenant.objects.filter(slug="beta-bank").update(status="SUSPENDED")
    forget()
    with pytest.raises(EngineError, match="two active tenants are needed"):
        pairs_to_try([])
