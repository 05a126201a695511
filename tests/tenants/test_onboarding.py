"""Tenants are made one way, by one operation and its command; a schema of one's own needs the owner."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Customer
from tenants import registry
from tenants.context import POOL_SCHEMA, tenant_scope
from tenants.errors import OwnerLoginRequired, TenantExists, TenantNameInvalid
from tenants.models import Placement, Tenant
from tenants.operations.onboarding import create_tenant
from tenants.queries.isolation_gaps import isolation_gaps

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).parents[2]


def told(command: str, *arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_shared_tenant_lives_in_the_pool_and_can_work_at_once() -> None:
    gamma = create_tenant(slug="gamma-bank", name="Gamma Bank")
    assert (gamma.schema, gamma.status) == (POOL_SCHEMA, "ACTIVE")
    with tenant_scope(registry.tenant_by_slug("gamma-bank")):
        Customer.objects.create(name="Gus")
        assert Customer.objects.count() == 1


def test_numbers_are_handed_out_one_after_the_other() -> None:
    numbers = [create_tenant(slug=f"bank-{letter}", name="Bank").reference for letter in "xyz"]
    first = int(numbers[0].removeprefix("TIDLT-"))
    assert numbers == [f"TIDLT-{first + step}" for step in range(3)]


def test_a_slug_is_taken_once() -> None:
    with pytest.raises(TenantExists):
        create_tenant(slug="beta-bank", name="Again")
    with pytest.raises(TenantExists):
        create_tenant(slug="beta-bank", name="Again", isolation="schema")  # and no schema is made for it
    assert not Placement.objects.filter(schema_name="beta_bank").exists()


@pytest.mark.parametrize("slug", ["", "Bank", "1-bank", "-bank", "bank-", "a--b", "a_b", "bänk", "a" * 51, "a b", 'a"b', "a;b", "bank\n"])
def test_a_slug_is_well_formed(slug: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug=slug, name="Bank")


@pytest.mark.parametrize("name", ["", "  ", "x" * 141])
def test_a_name_is_given(name: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug="new-bank", name=name)


@pytest.mark.parametrize("slug", ["public", "tenants", "payment-engine", "information-schema", "pg-catalog", "pg-bank"])
def test_a_schema_of_the_engine_is_nobody_s_own(slug: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug=slug, name="Sly Bank", isolation="schema")
    assert not Tenant.objects.filter(slug=slug).exists()


def test_isolation_is_one_of_two() -> None:
    with pytest.raises(TenantNameInvalid, match="isolation"):
        create_tenant(slug="new-bank", name="New Bank", isolation="database")


def test_the_application_makes_no_schema() -> None:
    with pytest.raises(OwnerLoginRequired):
        create_tenant(slug="new-bank", name="New Bank", isolation="schema")
    assert not Tenant.objects.filter(slug="new-bank").exists()


# --- Commands --------------------------------------------------------------------------------------------------------


def test_create_tenant_twice_changes_nothing() -> None:
    first = told("create_tenant", slug="new-bank", name="New Bank")
    assert first.startswith("created: new-bank TIDLT-")
    assert told("create_tenant", slug="new-bank", name="New Bank") == first.replace("created", "exists already")


def test_create_tenant_says_what_is_different() -> None:
    told("create_tenant", slug="new-bank", name="New Bank")
    with pytest.raises(CommandError, match="'New Bank' with isolation shared"):
        told("create_tenant", slug="new-bank", name="Other Bank")
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        told("create_tenant", slug="own-bank", name="Own Bank", isolation="schema")


def test_list_tenants_is_a_table_or_json() -> None:
    lines = told("list_tenants").splitlines()
    assert lines[0].split() == ["slug", "reference", "name", "status", "tier", "isolation", "schema"]
    assert [line.split()[0] for line in lines[1:]] == ["alpha-bank", "beta-bank"]
    listed = json.loads(told("list_tenants", "--json"))
    assert listed[1] == {
        "slug": "beta-bank",
        "reference": "TIDLT-100002",
        "name": "Beta Bank",
        "status": "ACTIVE",
        "tier": "STANDARD",
        "isolation": "shared",
        "schema": "payment_engine",
    }


@pytest.mark.django_db(transaction=True)
def test_a_tenant_with_a_schema_of_its_own_is_made_by_the_command(owner_connection: psycopg.Connection[Any]) -> None:
    """As an operator does it: manage.py takes the owner's login by itself. Then: its own tables, protected, empty, usable."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
    urls = {name: _on(database, os.environ[name]) for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")}
    command = [sys.executable, "manage.py", "create_tenant", "--slug", "own-bank", "--name", "Own Bank", "--isolation", "schema"]
    try:
        made = [subprocess.run(command, cwd=PROJECT, env=os.environ | urls, capture_output=True, text=True, check=False) for _ in range(2)]
        assert [run.returncode for run in made] == [0, 0], made
        assert [run.stdout.split(":")[0] for run in made] == ["created", "exists already"]
        assert isolation_gaps() == []
        registry.forget()
        own = registry.tenant_by_slug("own-bank")
        with tenant_scope(own):
            Customer.objects.create(name="Olga")
            assert list(Customer.objects.values_list("name", flat=True)) == ["Olga"]
        assert owner_connection.execute("SELECT count(*) FROM pg_class WHERE oid = 'own_bank.customers'::regclass").fetchone() == (1,)
    finally:
        connection.close()
        owner_connection.execute("DROP SCHEMA IF EXISTS own_bank CASCADE")
        owner_connection.execute("DELETE FROM tenants WHERE slug = 'own-bank'")
        owner_connection.execute("DELETE FROM placements WHERE schema_name = 'own_bank'")


def _on(database: str, url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
