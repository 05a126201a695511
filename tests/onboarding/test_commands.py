"""The inventory, suspending, resuming and closing from the command line."""

import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import Posting
from config_mgmt.models import TenantChange
from events.models import OutboxEvent
from payment_engine.onboarding import closing
from payment_engine.onboarding.archive import ArchiveDamaged, export_archive, verify_archive
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.factories import make_account
from tests.tenants.conftest import furnish

pytestmark = pytest.mark.django_db(transaction=True)
INVENTORY = Path(__file__).with_name("inventory.csv")


def told(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def free_numbers() -> str:
    """The guide's inventory with numbers that the test's own two tenants do not have."""
    return INVENTORY.read_text().replace("TIDLT-1000", "TIDLT-1001")


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.csv"
    path.write_text(free_numbers())
    return path


# --- Inventory -------------------------------------------------------------------------------------------------------


def test_the_guide_s_inventory_is_imported_with_its_numbers(inventory: Path) -> None:
    assert told("import_tenants", str(inventory)).splitlines()[-1] == "7 made, 0 in place"
    rows = Tenant.objects.filter(reference__gte="TIDLT-100101").order_by("reference")
    assert list(rows.values_list("reference", "slug", "environment", "region", "status")) == [
        ("TIDLT-100101", "coopeg-sbx", "SANDBOX", "us-east-1", "ACTIVE"),
        ("TIDLT-100102", "demo", "DEMO", "us-east-1", "ACTIVE"),
        ("TIDLT-100103", "dev", "DEVELOPMENT", "us-east-1", "ACTIVE"),
        ("TIDLT-100104", "shm", "PRODUCTION", "us-east-1", "ACTIVE"),
        ("TIDLT-100105", "urbanos", "DEVELOPMENT", "us-east-1", "ACTIVE"),
        ("TIDLT-100106", "coopeg-prd", "PRODUCTION", "us-east-1", "ACTIVE"),
        ("TIDLT-100107", "coopegenergy", "PRODUCTION", "us-east-1", "ACTIVE"),
    ]
    with tenant_scope(registry.tenant_by_slug("shm")):
        assert TenantChange.objects.get().reason == "imported from an inventory, database coredb-shm"
    assert told("import_tenants", str(inventory)).splitlines()[-1] == "0 made, 7 in place"


def test_a_plan_keeps_nothing(inventory: Path) -> None:
    assert told("import_tenants", str(inventory), "--plan").splitlines()[-1] == "7 would be made, 0 in place"
    assert not Tenant.objects.filter(slug="shm").exists()


def test_suspended_and_pending_tenants_stay_so(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    rows = "TIDLT-100201,old-bank,Production,Suspended,basic\nTIDLT-100202,new-bank,production,Pending,\n"
    path.write_text(f"Tenant ID,Tenant Name,Environment,Status,Tier\n{rows}")
    told("import_tenants", str(path))
    assert set(Tenant.objects.filter(reference__gte="TIDLT-100200").values_list("slug", "status", "tier")) == {
        ("old-bank", "SUSPENDED", "BASIC"),
        ("new-bank", "PENDING_ACTIVATION", "STANDARD"),
    }


def standing(path: Path, status: str) -> Path:
    path.write_text(f"Tenant ID,Tenant Name,Environment,Status\nTIDLT-100201,old-bank,Production,{status}\n")
    return path


def test_a_tenant_that_is_there_follows_the_file_s_status(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    told("import_tenants", str(standing(path, "Pending")))
    for status, done in (("Active", "activated"), ("Suspended", "suspended"), ("Active", "resumed")):
        standing(path, status)
        before = Tenant.objects.get(slug="old-bank").status
        assert told("import_tenants", str(path), "--plan").splitlines()[-1] == f"0 would be made, 0 in place, 1 would be {done}"
        assert Tenant.objects.get(slug="old-bank").status == before
        assert told("import_tenants", str(path)).splitlines()[-1] == f"0 made, 0 in place, 1 {done}"
        assert registry.tenant_by_slug("old-bank").status == status.upper()
        assert told("import_tenants", str(path)).splitlines()[-1] == "0 made, 1 in place"
    with tenant_scope(registry.tenant_by_slug("old-bank")):
        history = TenantChange.objects.order_by("id").values_list("kind", "reason")
        assert list(history)[1:] == [
            ("ACTIVATED", "Active in the inventory"),
            ("SUSPENDED", "Suspended in the inventory"),
            ("RESUMED", "Active in the inventory"),
        ]
        topics = ["tenant.created", "tenant.activated", "tenant.suspended", "tenant.resumed"]
        assert list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True)) == topics


def test_a_step_the_life_cycle_has_not_refuses_the_file(gamma: TenantRecord, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    header = "Tenant ID,Tenant Name,Company,Environment,Status"
    path.write_text(f"{header}\nTIDLT-100201,new-bank,,Production,Active\n{gamma.reference},gamma-bank,Gamma Bank,Production,Pending\n")
    Tenant.objects.filter(slug="gamma-bank").update(company_name="Gamma Bank")
    with pytest.raises(CommandError, match="line 3: status: a tenant that is ACTIVE does not become PENDING_ACTIVATION"):
        told("import_tenants", str(path))
    assert not Tenant.objects.filter(slug="new-bank").exists()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("TIDLT-100201,a-bank,Production,Active\nTIDLT-100201,a-bank,Production,Suspended", "line 3: a-bank is on line 2 already"),
        ("TIDLT-100201,new-bank,Moon,Active", "line 2: Environment is one of Sandbox, Demo, Development, Production"),
        ("TIDLT-100201,new-bank,Production,Asleep", "line 2: Status is Active"),
        ("TIDLT-1,new-bank,Production,Active", "line 2: reference: a number is TIDLT-"),
        ("TIDLT-100201,New,Production,Active", "line 2: tenantId: capital letters"),
        ("TIDLT-100201,,Production,Active", "line 2: Tenant Name is empty"),
        ("TIDLT-100201,new-bank,Production,Active,more", "line 2: more cells"),
        ("TIDLT-100201,a-bank,Production,Active\nTIDLT-100201,b-bank,Production,Active", "line 3: another tenant has the number"),
        (
            "TIDLT-100201,a-bank,Production,Active\nTIDLT-100202,a-bank,Production,Active",
            "line 3: a tenant a-bank exists already, with another reference",
        ),
        ("TIDLT-100201,beta-bank,Production,Active", "line 2: a tenant beta-bank exists already"),
        ("", "a header and no tenants"),
    ],
)
def test_one_wrong_line_and_nothing_is_imported(tmp_path: Path, tenant_b: TenantRecord, rows: str, words: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(f"Tenant ID,Tenant Name,Environment,Status\n{rows}")
    before = Tenant.objects.count()
    with pytest.raises(CommandError) as refused:
        told("import_tenants", str(path))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert Tenant.objects.count() == before


@pytest.mark.parametrize("text", ["", "Name,Colour\nx,red\n", "Tenant ID,Tenant ID,Tenant Name,Environment,Status\n", "\xff"])
def test_what_is_no_inventory_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "no.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError, match=r"columns|CSV in UTF-8"):
        told("import_tenants", str(path))


def test_the_list_is_a_table_or_json(tenant_b: TenantRecord) -> None:
    lines = told("tenant_list").splitlines()
    assert lines[0].split() == ["reference", "tenant", "name", "environment", "tier", "status", "isolation", "schema", "region"]
    assert [line.split()[1] for line in lines[1:]] == ["alpha-bank", "beta-bank"]
    assert [row["tenant"] for row in json.loads(told("tenant_list", "--json"))] == ["alpha-bank", "beta-bank"]
    assert told("tenant_list", "--status", "SUSPENDED") == "There is no such tenant\n"


# --- Life cycle ------------------------------------------------------------------------------------------------------


def test_suspend_show_resume(tenant_b: TenantRecord) -> None:
    told("tenant_suspend", "beta-bank", "--reason", "unpaid")
    assert registry.tenant_by_slug("beta-bank").status == "SUSPENDED"
    shown = json.loads(told("tenant_show", tenant_b.reference, "--json"))
    assert (shown["status"], shown["history"][0]["what"], shown["history"][0]["reason"]) == ("SUSPENDED", "SUSPENDED", "unpaid")
    assert "SUSPENDED" in told("tenant_show", "beta-bank")
    assert "nothing changed" in told("tenant_suspend", "beta-bank", "--reason", "something else")
    assert json.loads(told("tenant_show", "beta-bank", "--json"))["history"][0]["reason"] == "unpaid"
    told("tenant_resume", "beta-bank")
    assert registry.tenant_by_slug("beta-bank").status == "ACTIVE"
    with pytest.raises(CommandError, match="tenant_list"):
        told("tenant_suspend", "nobody", "--reason", "x")


@pytest.fixture
def gamma(monkeypatch: pytest.MonkeyPatch) -> TenantRecord:
    monkeypatch.setattr(closing, "_SEEN_EVERYWHERE_SECONDS", 0.0)
    told("onboard_tenant", "--name", "gamma-bank")
    return registry.tenant_by_slug("gamma-bank")


def test_closing_archives_everything_and_is_for_ever(gamma: TenantRecord, tenant_b: TenantRecord, tmp_path: Path) -> None:
    furnish(tenant_b, "Beta")
    path = tmp_path / "gamma.zip"
    output = told("tenant_close", "gamma-bank", "--reason", "merged", "--archive", str(path))
    assert "read back and found equal" in output
    assert Tenant.objects.get(slug="gamma-bank").status == "DECOMMISSIONED"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        changes = [json.loads(line) for line in archive.read("tenant_changes.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
        types = next(table for table in manifest["tables"] if table["name"] == "payment_types")
        assert (types["rows"], types["sha256"]) == (1, hashlib.sha256(archive.read("payment_types.jsonl")).hexdigest())
    assert b"beta-bank" not in everything
    assert b"Beta" not in everything
    assert b"argon2" not in everything
    assert [change["kind"] for change in changes] == ["CREATED", "ACTIVATED", "SUSPENDED"]
    assert "DECOMMISSIONED already" in told("tenant_close", "gamma-bank", "--reason", "merged")
    with pytest.raises(CommandError, match="for ever"):
        told("tenant_resume", "gamma-bank")


def test_the_archive_has_every_row(tenant_b: TenantRecord, tmp_path: Path) -> None:
    furnish(tenant_b, "Beta")
    tables = {table.name: table for table in export_archive(tenant=Tenant.objects.get(slug="beta-bank"), path=tmp_path / "beta.zip")}
    with tenant_scope(tenant_b), zipfile.ZipFile(tmp_path / "beta.zip") as archive:
        rows = [json.loads(line) for line in archive.read("postings.jsonl").splitlines()]
        assert len(rows) == tables["postings"].rows == Posting.objects.count() > 0
        assert {row["id"]: row["amount_minor"] for row in rows} == {
            str(key): amount for key, amount in Posting.objects.values_list("id", "amount_minor")
        }


def test_an_archive_that_was_touched_is_noticed(tenant_b: TenantRecord, tmp_path: Path) -> None:
    path = tmp_path / "beta.zip"
    export_archive(tenant=Tenant.objects.get(slug="beta-bank"), path=path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["registry/tenants.jsonl"] = members["registry/tenants.jsonl"].replace(b"Beta", b"Zeta")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ArchiveDamaged, match=r"registry/tenants\.jsonl"):
        verify_archive(path)


def test_a_tenant_with_money_is_closed_only_by_force(gamma: TenantRecord, tmp_path: Path) -> None:
    with tenant_scope(gamma):
        make_account(funds_minor=12_34)
    path = tmp_path / "gamma.zip"
    with pytest.raises(CommandError, match=r"customer accounts hold 12\.34 EUR: nothing was changed"):
        told("tenant_close", "gamma-bank", "--reason", "merged", "--archive", str(path))
    assert Tenant.objects.get(slug="gamma-bank").status == "ACTIVE"
    assert not path.exists()
    told("tenant_close", "gamma-bank", "--reason", "court order", "--archive", str(path), "--force")
    with tenant_scope(gamma):
        assert TenantChange.objects.get(kind="DECOMMISSIONED").reason == (
            "court order (forced: customer accounts hold 12.34 EUR); archive gamma.zip"
        )


def test_a_file_is_never_overwritten(gamma: TenantRecord, tmp_path: Path) -> None:
    path = tmp_path / "gamma.zip"
    path.write_text("something dear")
    with pytest.raises(CommandError, match="exists already"):
        told("tenant_close", "gamma-bank", "--reason", "merged", "--archive", str(path))
    assert (path.read_text(), Tenant.objects.get(slug="gamma-bank").status) == ("something dear", "ACTIVE")
    with pytest.raises(CommandError, match="there is no folder"):
        told("tenant_close", "gamma-bank", "--reason", "merged", "--archive", str(tmp_path / "missing" / "gamma.zip"))
    assert Tenant.objects.get(slug="gamma-bank").status == "ACTIVE"
    told("tenant_close", "gamma-bank", "--reason", "merged", "--archive", str(tmp_path / "other.zip"))
    assert Tenant.objects.get(slug="gamma-bank").status == "DECOMMISSIONED"


def test_the_older_command_says_what_replaced_it() -> None:
    with pytest.raises(CommandError, match="onboard_tenant"):
        call_command("create_tenant")


@pytest.mark.parametrize("command", ["tenant_suspend", "tenant_close"])
def test_a_reason_says_something(gamma: TenantRecord, command: str) -> None:
    with pytest.raises(CommandError, match="say why"):
        told(command, "gamma-bank", "--reason", " ")
    assert Tenant.objects.get(slug="gamma-bank").status == "ACTIVE"


def test_isolation_is_proved_without_a_web_unless_the_api_is_asked_for(settings: Settings, tmp_path: Path, tenant_b: TenantRecord) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "demo.json").write_text('{"baseUrl": "http://127.0.0.1:9"}')
    assert "skipped: API, every operation" in told("prove_isolation", "alpha-bank", "beta-bank")
