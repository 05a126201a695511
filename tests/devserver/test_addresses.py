"""`manage.py` finds the running dev stack by the file it keeps, and nothing else does."""

import os
import stat
from pathlib import Path

import pytest

from payment_engine.devserver.addresses import addresses_file, forget_addresses, use_running_stack, write_addresses

ADDRESSES = {
    "DATABASE_URL": "postgresql://payment_engine_role:it's%20secret@/payment_engine?host=/tmp/a b&port=5",
    "REDIS_URL": "redis://:x@127.0.0.1:6/0",
    "DJANGO_SECRET_KEY": "$HOME#'\"",
}


@pytest.fixture(autouse=True)
def _elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A development shell that names nothing but the data folder."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL", "REDIS_URL", "DJANGO_SECRET_KEY", "DJANGO_ENV"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(folder))
    write_addresses(folder, {**ADDRESSES, "HOME": "/nobody/else's/business"})


def test_what_was_written_is_found_again(folder: Path) -> None:
    home = os.environ["HOME"]
    use_running_stack()
    assert {name: os.environ.get(name) for name in ADDRESSES} == ADDRESSES
    assert os.environ["HOME"] == home
    assert stat.S_IMODE(addresses_file(folder).stat().st_mode) == 0o600


@pytest.mark.parametrize(("name", "value"), [("DATABASE_URL", "postgres://mine"), ("DJANGO_ENV", "production"), ("DJANGO_ENV", "test")])
def test_a_named_database_and_other_environments_are_left_alone(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    use_running_stack()
    assert os.environ[name] == value
    assert "REDIS_URL" not in os.environ


def test_a_stopped_stack_is_not_found(folder: Path) -> None:
    forget_addresses(folder)
    forget_addresses(folder)
    use_running_stack()
    assert "DATABASE_URL" not in os.environ
