"""The databases of a run: one is migrated, by the worker that needs it first, and each worker tests on a copy of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from django.db import connections
from psycopg import sql

from tenants.database.boot import boot


def template_of(placement: str) -> str:
    """Named by the plugin: another one in each run, the same one for all its workers of one placement."""
    return f"{os.environ['PAYMENT_ENGINE_TEST_TEMPLATE']}_{placement}"


TEMPLATE: Final = template_of(os.environ.get("PAYMENT_ENGINE_TEST_PLACEMENT", "shared"))
_MAKING: Final = 20022
_WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "main")


@contextmanager
def copy_of_template(fill: Callable[[], None]) -> Iterator[str]:
    """A database of this worker's own; `fill` puts into the template what all tests find. `default` has the owner's login meanwhile."""
    name = f"{TEMPLATE}_{_WORKER}"
    with _as_owner() as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [_MAKING])  # until this connection ends: whoever comes second finds the template
        if not owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            _rename(owner, _migrated(fill), TEMPLATE)
        owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    for alias in ("default", "platform"):
        connections[alias].settings_dict["NAME"] = name
    boot("default")  # what is set for a database, and not in it, is not copied
    connections["default"].close()
    yield name
    drop(name)


def drop(name: str) -> None:
    with _as_owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _as_owner() -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def _migrated(fill: Callable[[], None]) -> str:
    """Under another name until it is whole: what failed half-way is nobody's template."""
    default = connections["default"]
    name = default.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    fill()
    default.close()
    return str(name)


def _rename(owner: "psycopg.Connection[tuple[object, ...]]", name: str, new_name: str) -> None:
    owner.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new_name)))
