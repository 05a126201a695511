"""The demo's file: it keeps its address and its secrets, and no other file takes them away unasked."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiClient, StaffUser

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "http://127.0.0.1:8123"


def seed(*arguments: str) -> None:
    call_command("seed_demo", *arguments, stdout=StringIO())


def test_the_demo_s_file_keeps_address_and_secrets(tmp_path: Path) -> None:
    first, other = tmp_path / "demo.json", tmp_path / "other.json"
    seed("--output", str(first), "--base-url", ADDRESS)
    made = _read(first)
    assert made["baseUrl"] == ADDRESS
    seed("--output", str(first))
    assert _read(first) == made

    with pytest.raises(CommandError, match="the secrets of acme-bank-operator, default-operator, demo-bank-operator, platform"):
        seed("--output", str(other))
    assert not other.exists()
    assert _works(made)

    seed("--output", str(other), "--reset-secrets")
    assert _works(_read(other))
    assert not _works(made)
    assert ApiClient.objects.count() == 7, "of three tenants two each, and the platform's"


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def _works(document: dict[str, Any]) -> bool:
    """Whether all its people can sign in; with some only, it fails."""
    people = [document["platform"], *document["tenants"].values()]
    (works,) = {StaffUser.objects.get(username=who["adminUsername"]).check_password(who["adminPassword"]) for who in people}
    assert {ApiClient.objects.get(client_id=who["clientId"]).name for who in people}
    return works
