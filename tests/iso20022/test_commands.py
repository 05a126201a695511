"""The commands: what the terminal shows, and that they take the road the API takes."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from iso20022.models import Message
from iso20022.schema_manifest import MANIFEST
from tenants.context import use
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer


def run(name: str, *arguments: object, **options: Any) -> str:
    output = io.StringIO()
    with use(None):
        call_command(name, *arguments, stdout=output, stderr=io.StringIO(), no_color=True, **options)
    return output.getvalue()


@pytest.fixture
def debtor(in_tenant_a: TenantRecord) -> Account:
    make_payment_type()
    make_account(iban=CREDITOR_IBAN)
    return make_account(iban=DEBTOR_IBAN, funds_minor=100_00)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "payments.xml"
    path.write_bytes(pain001(payment(transfer("E1"), transfer("E2", amount="0"))))
    return path


@pytest.mark.django_db
def test_a_place_for_the_report_is_looked_at_before_the_file_is_taken(debtor: Account, file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("submit_pain001", file, tenant="alpha-bank", report=tmp_path / "nowhere" / "report.xml")
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_a_report_is_not_written_over_the_file(debtor: Account, file: Path) -> None:
    was = file.read_bytes()
    with pytest.raises(CommandError, match="over the file itself"):
        run("submit_pain001", file, tenant="alpha-bank", report=file)
    assert (file.read_bytes(), Message.objects.count()) == (was, 0)


@pytest.mark.django_db
def test_file_is_submitted_and_its_report_written(debtor: Account, file: Path, tmp_path: Path) -> None:
    said = run("submit_pain001", file, tenant="alpha-bank", report=tmp_path / "report.xml")

    message = Message.objects.get(direction="IN")
    assert f"{message.public_id} PART: 1 accepted, 1 rejected" in said
    assert "AM01 line 9" in said
    assert b"<GrpSts>PART</GrpSts>" in (tmp_path / "report.xml").read_bytes()
    assert "(taken before)" in run("submit_pain001", file, tenant="alpha-bank")


@pytest.mark.django_db
def test_validate_only_stores_nothing(debtor: Account, file: Path) -> None:
    said = run("submit_pain001", file, tenant="alpha-bank", validate_only=True)

    assert "AM01" in said
    assert "findings: 1; nothing was booked" in said
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_what_can_not_be_read_is_an_error(debtor: Account, tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("<a>")

    for path, tenant, message in (
        (tmp_path / "broken.xml", "alpha-bank", "line 1"),
        (tmp_path / "absent.xml", "alpha-bank", "No such file"),
        (tmp_path / "broken.xml", "no-such-bank", "tenant"),
    ):
        with pytest.raises(CommandError, match=message):
            run("submit_pain001", path, tenant=tenant)


def test_schemas_are_listed_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("iso20022_schemas", "list").count("\n") == len(MANIFEST)
    assert run("iso20022_schemas", "check").count(" ok\n") == len(MANIFEST)

    monkeypatch.setitem(MANIFEST, "camt.053.001.08", MANIFEST["camt.053.001.02"])
    with pytest.raises(CommandError, match=r"camt\.053\.001\.08"):
        run("iso20022_schemas", "check")
