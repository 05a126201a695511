"""The database of the tests: migrated as the owner, used as the application's login, like in production.

Two tenants always exist, so that every test has one that must see nothing: `tenant_a` and `tenant_b`. Whether they
share the pool or tenant_a has a schema of its own is PAYMENT_ENGINE_TEST_PLACEMENT (shared, the default, or schema).
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connections
from django.test import TransactionTestCase
from environ import Env

from config_mgmt.snapshots import forget_snapshots
from payments.operations import sharing
from tenants import registry
from tenants.context import tenant_scope
from tenants.database import on_loop
from tenants.models import Tenant
from tenants.operations.keys import ensure_signing_key
from tenants.operations.onboarding import create_tenant
from tenants.operations.staff import ensure_operators_group
from tenants.registry import TenantRecord
from tests.databases import copy_of_template
from tests.kept import keep_in_tests, watch_changes
from tests.threads import close_connections_of

_owner: dict[str, Any] = {}
hypothesis.settings.register_profile("engine", deadline=None)  # a busy machine is no counterexample
hypothesis.settings.load_profile("engine")
WSGIRequestHandler.disable_nagle_algorithm = True  # the live server answers in pieces: each would wait 40 ms to be acknowledged
settings.PASSWORD_HASHERS = ["tests.hashers.QuickArgon2PasswordHasher", *settings.PASSWORD_HASHERS]
keep_in_tests()
OWN_SCHEMA = os.environ.get("PAYMENT_ENGINE_TEST_PLACEMENT", "shared") == "schema"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Instead of pytest-django's own, which would migrate once per worker."""
    default, platform = connections["default"], connections["platform"]
    with ExitStack() as until_the_end:
        with django_db_blocker.unblock():
            _login("default", os.environ["DATABASE_OWNER_URL"], "owner")
            name = until_the_end.enter_context(copy_of_template(_create_tenants))
        _owner.update(dbname=name, **_address(default.settings_dict))
        _login("default", os.environ["DATABASE_URL"], "app")
        yield
        close_connections_of(sharing._bookers)
        close_connections_of(on_loop._threads)
        _cleaner().close()
        for connection in (default, platform):
            connection.close()


def _login(alias: str, url: str, mode: str) -> None:
    login = Env.db_url_config(url)
    connections[alias].settings_dict.update(USER=login["USER"], PASSWORD=login["PASSWORD"], TENANCY_MODE=mode)


def _address(settings_dict: dict[str, Any]) -> dict[str, Any]:
    return {
        "host": settings_dict["HOST"],
        "port": settings_dict["PORT"],
        "user": settings_dict["USER"],
        "password": settings_dict["PASSWORD"],
    }


def _create_tenants() -> None:
    """Of the tier with the most generous rate limits, which all tests of a run use up together."""
    create_tenant(slug="alpha-bank", name="Alpha Bank", isolation="schema" if OWN_SCHEMA else "shared", tier=Tenant.Tier.ENTERPRISE)
    create_tenant(slug="beta-bank", name="Beta Bank", tier=Tenant.Tier.ENTERPRISE)
    ensure_signing_key()  # committed once: a key made inside a test would vanish with the test, and live on in caches
    ensure_operators_group()  # as in any database that has had an operator
    watch_changes()


@pytest.fixture
def tenant_a(db: None) -> TenantRecord:
    return registry.tenant_by_slug("alpha-bank")


@pytest.fixture
def tenant_b(db: None) -> TenantRecord:
    """The neighbour that must see nothing."""
    return registry.tenant_by_slug("beta-bank")


@pytest.fixture
def in_tenant_a(tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a


@pytest.fixture
def owner_connection(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection with the owner's login, for what only an operator of the database could do."""
    with psycopg.connect(**_owner, autocommit=True) as connection:
        yield connection


_USED_TABLES = """
    WITH RECURSIVE emptied AS (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0
          AND (n.nspname NOT IN ('public', 'tenants', 'information_schema') AND n.nspname !~ '^pg_' AND c.relname <> 'django_migrations'
               OR n.nspname = 'public' AND c.relname IN
                  ('staff_users', 'api_clients', 'django_session', 'django_admin_log', 'tier_defaults', 'tier_changes',
                   'platform_idempotency_keys'))
        UNION
        SELECT k.conrelid FROM pg_constraint k JOIN emptied ON k.confrelid = emptied.oid WHERE k.contype = 'f'
    )
    SELECT e.oid::regclass::text, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = e.oid AND NOT tgisinternal AND tgtype & 32 <> 0)
    FROM emptied e ORDER BY e.oid
"""


@cache
def _cleaner() -> psycopg.Connection[Any]:
    """One for the run: a new one knows nothing of the catalogue, and learns it for 10 ms each time."""
    return psycopg.connect(**_owner, autocommit=True)


def _truncate_as_owner(_self: object) -> None:
    """Empty what the test committed: the application's login may not, and the immutable tables refuse even the owner.

    Only tables that were written to, and those that refer to them: emptying all sixty after each test took longer than the tests.
    """
    connection = _cleaner()
    with connection.transaction():
        tables = connection.execute(_USED_TABLES).fetchall()
        guarded = [name for name, refuses_truncate in tables if refuses_truncate]
        statements = [
            *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in guarded),
            *([f"TRUNCATE {', '.join(name for name, _ in tables)}"] if tables else []),
            *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in guarded),
            "DELETE FROM tenants WHERE slug NOT IN ('alpha-bank', 'beta-bank')",
            "UPDATE tenants SET status = 'ACTIVE' WHERE status <> 'ACTIVE'",
        ]
        connection.execute("; ".join(statements))
    for used in connections.all(initialized_only=True):
        if used.connection is not None and not used.is_usable():
            used.close()
    registry.forget()


# The stubs leave out what Django keeps to itself. Connections stay: a new one would learn the catalogue anew.
TransactionTestCase._fixture_teardown = _truncate_as_owner  # type: ignore[attr-defined]
TransactionTestCase._should_reload_connections = lambda _self: False  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _forget_snapshots() -> Iterator[None]:
    """What a process caches of configuration must not outlive a test."""
    yield
    forget_snapshots()
