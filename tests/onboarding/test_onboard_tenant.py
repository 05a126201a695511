"""Onboarding from the command line: what it makes, how it says so, and that no crash leaves it half done for good."""

import json
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection

from config_mgmt.models import ConfigVersion, TenantChange
from config_mgmt.operations.tenants import take_on_tenant
from config_mgmt.tenant_orders import TenantOrder
from payment_engine.onboarding.steps import STEPS
from payments.models import PaymentType
from tenants import registry
from tenants.context import tenant_scope
from tenants.isolation.findings import Verdict
from tenants.models import ApiClient, Placement, StaffUser, Tenant
from tenants.operations.prove_isolation import prove_isolation
from tenants.queries.isolation_gaps import isolation_gaps
from tenants.registry import TenantRecord
from tests.config_mgmt.tenants.conftest import OPERATOR
from tests.onboarding.conftest import Manage
from tests.tenants.conftest import furnish

Run = Callable[..., "tuple[int, str, str]"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
NORTH = """\
tenantId: north-bank
tenantName: North Bank
subscriptionTier: PREMIUM
isolation: schema
profile: {companyName: North Bank plc, country: GB, timeZone: Europe/London, currency: GBP}
configuration:
  features: {iso20022: true, bulkProcessing: false}
paymentTypes:
  - {code: INTERNAL_TRANSFER, name: Internal transfer}
  - {code: FASTER, name: Faster payment, currencies: [GBP], maxAmount: 50000.00, processingFee: 1.00}
apiClient: {name: shop, scopes: [payments:read, payments:write]}
administrator: {email: ada@north.example}
"""


@pytest.fixture
def north(tmp_path: Path) -> Path:
    path = tmp_path / "north.yaml"
    path.write_text(NORTH)
    return path


def state_of(slug: str) -> dict[str, Any]:
    """Everything onboarding makes, but for ids, secrets and times."""
    tenant = Tenant.objects.select_related("placement").get(slug=slug)
    with tenant_scope(tenant):
        versions = list(ConfigVersion.objects.order_by("key", "version").values_list("key", "version", "status"))
        types = [
            (each.code, each.version, each.status, each.max_amount, each.processing_fee) for each in PaymentType.objects.order_by("code")
        ]
        changes = list(TenantChange.objects.order_by("id").values_list("kind", flat=True))
    return {
        "tenant": (tenant.name, tenant.reference, tenant.status, tenant.tier, tenant.schema, tenant.city, tenant.country),
        "versions": versions,
        "types": types,
        "changes": changes,
        "clients": list(ApiClient.objects.filter(tenant_id=slug).values_list("name", "scopes")),
        "people": list(StaffUser.objects.filter(tenant_id=slug).values_list("username", "email", "is_staff", "is_superuser")),
        "placements": list(Placement.objects.order_by("id").values_list("schema_name", flat=True)),
    }


def kill_after(process: Any, steps: int, delay_seconds: float = 0.0) -> None:
    """SIGKILL once so many steps have been told; the next one has begun by then."""
    for _ in range(1 + steps):
        line = process.stdout.readline()
        assert line, process.stderr.read()
    time.sleep(delay_seconds)
    process.kill()
    process.communicate()


def test_a_plan_changes_nothing(run: Run, north: Path) -> None:
    code, output, _ = run("onboard_tenant", str(north), "--plan")
    lines = output.splitlines()
    assert (code, lines[-1]) == (0, f"{len(STEPS)} steps to do; nothing was changed")
    assert [line.split("  ")[1] for line in lines[1:-1]] == [step.name for step in STEPS]
    assert not Tenant.objects.filter(slug="north-bank").exists()
    assert not Placement.objects.filter(schema_name="north_bank").exists()


def test_killed_after_each_step_it_ends_where_it_would_have_ended(manage: Manage, run: Run, north: Path, tmp_path: Path) -> None:
    """One chain: killed in the first step, then after the first, after the second, … each time with what was made before."""
    secrets = tmp_path / "secrets.json"
    command = ("onboard_tenant", str(north), "--credentials-file", str(secrets))
    kill_after(manage(*command), 0, delay_seconds=0.15)
    for steps in range(1, len(STEPS) + 1):
        kill_after(manage(*command), steps)
    code, _, errors = run(*command)
    assert (code, errors) == (0, "")
    first = Tenant.objects.get(slug="north-bank").reference
    assert state_of("north-bank") == {
        "tenant": ("North Bank", first, "ACTIVE", "PREMIUM", "north_bank", "", "GB"),
        "versions": [("bulkProcessing", 1, "ACTIVE"), ("iso20022", 1, "ACTIVE")],
        "types": [("FASTER", 1, "ACTIVE", 50000, 1), ("INTERNAL_TRANSFER", 1, "ACTIVE", None, 0)],
        "changes": ["CREATED", "ACTIVATED"],
        "clients": [("shop", "payments:read payments:write")],
        "people": [("north-bank-admin", "ada@north.example", True, False)],
        "placements": [
            *Placement.objects.exclude(schema_name="north_bank").order_by("id").values_list("schema_name", flat=True),
            "north_bank",
        ],
    }
    told = json.loads(secrets.read_text())
    assert told["apiClient"]["clientId"] == ApiClient.objects.get(tenant_id="north-bank").client_id
    assert authenticate(username=told["administrator"]["username"], password=told["administrator"]["password"]) is not None
    assert isolation_gaps() == []


def test_killed_at_any_moment_while_the_schema_is_made(manage: Manage, run: Run, north: Path) -> None:
    for delay_seconds in (0.05, 0.2, 0.4):
        kill_after(manage("onboard_tenant", str(north)), 0, delay_seconds)
    code, _, errors = run("onboard_tenant", str(north))
    assert code == 0, errors
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p')"
    with tenant_scope(registry.tenant_by_slug("north-bank")), connection.cursor() as cursor:
        counts = []
        for schema in ("north_bank", "payment_engine"):
            cursor.execute(tables, [schema])
            counts.append(cursor.fetchone()[0])
    assert counts[0] == counts[1]


def test_killed_before_django_recorded_what_it_made(run: Run, north: Path, owner_connection: psycopg.Connection[Any]) -> None:
    owner_connection.execute("CREATE SCHEMA north_bank")
    owner_connection.execute("CREATE TABLE north_bank.django_migrations (LIKE payment_engine.django_migrations INCLUDING ALL)")
    owner_connection.execute("CREATE TABLE north_bank.balance_deltas (id uuid)")
    code, _, errors = run("onboard_tenant", str(north))
    assert (code, errors) == (0, "")
    assert isolation_gaps() == []


def test_a_schema_of_its_own_is_proved_isolated(run: Run, tmp_path: Path, tenant_b: TenantRecord) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("{tenantId: own-bank, tenantName: Own Bank, isolation: schema, paymentTypes: []}")
    code, _, errors = run("onboard_tenant", str(own))
    assert code == 0, errors
    assert run("onboard_tenant", str(own))[1].count("in place") == len(STEPS) - 1  # isolation is looked at every time
    mine = registry.tenant_by_slug("own-bank")
    furnish(mine, "Own")
    furnish(tenant_b, "Beta")
    findings = list(prove_isolation(pairs=[(mine, tenant_b)], base_url="", areas=["SQL", "ORM", "context", "cache"]))
    assert [each for each in findings if each.is_failure] == []
    assert sum(each.verdict is Verdict.HELD for each in findings) > 200


def test_what_the_api_could_not_finish_is_finished(run: Run) -> None:
    order = TenantOrder(slug="late-bank", name="Late Bank", isolation="schema", features={"iso20022": True})
    made, _ = take_on_tenant(order=order, actor=OPERATOR)
    assert (made.status, made.awaits_schema) == ("PENDING_ACTIVATION", True)
    code, _, errors = run("onboard_tenant", "--name", "late-bank", "--isolation", "schema")
    assert code == 0, errors
    state = state_of("late-bank")
    assert state["tenant"][:5] == ("Late Bank", made.reference, "ACTIVE", "STANDARD", "late_bank")
    assert state["versions"] == [("iso20022", 1, "ACTIVE")]
    assert state["changes"] == ["CREATED", "ACTIVATED"]


def test_a_shared_tenant_needs_a_name_only_and_shows_its_secrets_once(run: Run) -> None:
    code, output, _ = run("onboard_tenant", "--name", "quick-bank")
    told = dict(line.strip().split("=", 1) for line in output.splitlines() if "=" in line)
    assert code == 0
    assert authenticate(username=told["administrator.username"], password=told["administrator.password"]) is not None
    assert ApiClient.objects.get(client_id=told["apiClient.clientId"]).tenant_id == "quick-bank"
    assert "=" not in run("onboard_tenant", "--name", "quick-bank")[1]


def test_secrets_in_a_file_are_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    code, output, _ = run("onboard_tenant", "--name", "quick-bank", "--credentials-file", str(path))
    assert (code, "=" in output) == (0, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()).keys() == {"tenantId", "apiClient", "administrator"}
    code, _, errors = run("onboard_tenant", "--name", "other-bank", "--credentials-file", str(path))
    assert (code, "credentials of another tenant" in errors) == (1, True)


def test_a_schema_of_somebody_else_is_not_taken(run: Run, owner_connection: psycopg.Connection[Any]) -> None:
    owner_connection.execute("CREATE SCHEMA reports_bank CREATE TABLE figures (id int)")
    code, _, errors = run("onboard_tenant", "--name", "reports-bank", "--isolation", "schema")
    assert (code, "not of this engine" in errors) == (1, True)
    assert not Tenant.objects.filter(slug="reports-bank").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tenantId: North\ntenantName: North", "capital letters are not allowed"),
        ("tenantId: north-bank", "tenantName: this member is required"),
        ("tenantId: north-bank\ntenantName: North\ncolour: red", "colour: this member is not known here"),
        ("tenantId: north-bank\ntenantName: North\nprofile: {country: Utopia}", "ISO 3166-1"),
        ("tenantId: north-bank\ntenantName: North\nsubscriptionTier: GOLD", "BASIC, STANDARD, PREMIUM, ENTERPRISE"),
    ],
)
def test_a_file_that_can_not_be_right_is_one_line_on_stderr(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(CommandError, match=re.escape(words)) as refused:
        call_command("onboard_tenant", str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a YAML file"),
        (["/no/such/file"], "can't be read"),
        (["x.yaml", "--name", "north-bank"], "not both"),
        (["--name", "beta-bank", "--tier", "BASIC"], "another subscriptionTier"),
        (["--name", "north-bank", "--isolation", "schema"], "DATABASE_OWNER_URL"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(tenant_b: TenantRecord, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        call_command("onboard_tenant", *arguments)
    assert "\n" not in str(refused.value)
