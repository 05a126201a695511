"""The demo's file: it keeps its address and its secrets, and no other file takes them away unasked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenants.models import ApiClient, StaffUser

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., tuple[int, str, str]]
ADDRESS = "http://127.0.0.1:8123"


def test_the_demo_s_file_keeps_address_and_secrets(run: Run, tmp_path: Path) -> None:
    first, other = tmp_path / "demo.json", tmp_path / "other.json"
    assert run("seed_demo", "--output", str(first), "--base-url", ADDRESS)[0] == 0
    made = _read(first)
    assert made["baseUrl"] == ADDRESS
    assert run("seed_demo", "--output", str(first))[0] == 0
    assert _read(first) == made

    code, _, errors = run("seed_demo", "--output", str(other))
    assert (code, other.exists()) == (1, False)
    assert "the secrets of acme-bank-operator, default-operator, demo-bank-operator, platform" in errors
    assert _works(made)

    assert run("seed_demo", "--output", str(other), "--reset-secrets")[0] == 0
    assert _works(_read(other))
    assert not _works(made)
    assert ApiClient.objects.count() == 7, "of three tenants two each, and the platform's"
    assert run("seed_demo", "--output", str(other), "--base-url", ADDRESS, "--reset-secrets")[0] == 0
    assert _read(other) == {**_read(other), "baseUrl": ADDRESS}
    assert _works(_read(other))


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def _works(document: dict[str, Any]) -> bool:
    """Whether all its people can sign in; with some only, it fails."""
    people = [document["platform"], *document["tenants"].values()]
    (works,) = {StaffUser.objects.get(username=who["adminUsername"]).check_password(who["adminPassword"]) for who in people}
    assert {ApiClient.objects.get(client_id=who["clientId"]).name for who in people}
    return works
