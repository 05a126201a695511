"""The catalog check finds each gap somebody could leave, names the object, and finds nothing else."""

from collections.abc import Callable

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection

from tenants.checks import check_isolation
from tenants.queries.isolation_gaps import IsolationGap, isolation_gaps
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db(transaction=True)
Plant = Callable[..., None]

# what the owner does, how it is undone, the object named, the gap named; {s} is the tenant's schema
PLANTED = {
    "policy dropped": (
        'DROP POLICY tenant_isolation_accounts ON "{s}".accounts',
        (
            'CREATE POLICY tenant_isolation_accounts ON "{s}".accounts USING (tenant_id = tenants.current_tenant())'
            " WITH CHECK (tenant_id = tenants.current_tenant())"
        ),
        "{s}.accounts",
        "policy tenant_isolation_accounts is missing or not the one we make",
    ),
    "policy that lets everybody read": (
        'ALTER POLICY tenant_isolation_accounts ON "{s}".accounts USING (true)',
        'ALTER POLICY tenant_isolation_accounts ON "{s}".accounts USING (tenant_id = tenants.current_tenant())',
        "{s}.accounts",
        "policy tenant_isolation_accounts is missing or not the one we make",
    ),
    "policy that lets everybody write": (
        'ALTER POLICY tenant_isolation_accounts ON "{s}".accounts WITH CHECK (true)',
        'ALTER POLICY tenant_isolation_accounts ON "{s}".accounts WITH CHECK (tenant_id = tenants.current_tenant())',
        "{s}.accounts",
        "policy tenant_isolation_accounts is missing or not the one we make",
    ),
    "not enabled": (
        'ALTER TABLE "{s}".journals DISABLE ROW LEVEL SECURITY',
        'ALTER TABLE "{s}".journals ENABLE ROW LEVEL SECURITY',
        "{s}.journals",
        "row-level security is not enabled",
    ),
    "not forced": (
        'ALTER TABLE "{s}".journals NO FORCE ROW LEVEL SECURITY',
        'ALTER TABLE "{s}".journals FORCE ROW LEVEL SECURITY',
        "{s}.journals",
        "row-level security is not forced on its owner",
    ),
    "second permissive policy": (
        'CREATE POLICY extra ON "{s}".customers FOR SELECT USING (true)',
        'DROP POLICY extra ON "{s}".customers',
        "{s}.customers",
        "permissive policy extra widens what is visible",
    ),
    "the platform's policy for everybody": (
        'ALTER POLICY platform_read_customers ON "{s}".customers TO PUBLIC',
        'ALTER POLICY platform_read_customers ON "{s}".customers TO payment_engine_platform',
        "{s}.customers",
        "permissive policy platform_read_customers widens what is visible",
    ),
    "tenant_id may be null": (
        'ALTER TABLE "{s}".outbox_events DROP CONSTRAINT outbox_events_pkey, ALTER tenant_id DROP NOT NULL, ADD PRIMARY KEY (id)',
        'ALTER TABLE "{s}".outbox_events DROP CONSTRAINT outbox_events_pkey, ADD PRIMARY KEY (id, tenant_id)',
        "{s}.outbox_events",
        "tenant_id may be null",
    ),
    "unique index across tenants": (
        'CREATE UNIQUE INDEX iban_everywhere ON "{s}".accounts (iban)',
        'DROP INDEX "{s}".iban_everywhere',
        "{s}.accounts",
        "unique index {s}.iban_everywhere does not name tenant_id",
    ),
    "unique index with tenant_id only included": (
        'CREATE UNIQUE INDEX iban_everywhere ON "{s}".accounts (iban) INCLUDE (tenant_id)',
        'DROP INDEX "{s}".iban_everywhere',
        "{s}.accounts",
        "unique index {s}.iban_everywhere does not name tenant_id",
    ),
    "foreign key across tenants": (
        (
            'ALTER TABLE "{s}".customers ADD CONSTRAINT customers_id_only UNIQUE (id);'
            ' ALTER TABLE "{s}".accounts ADD CONSTRAINT loose FOREIGN KEY (customer_id) REFERENCES "{s}".customers (id)'
        ),
        'ALTER TABLE "{s}".accounts DROP CONSTRAINT loose; ALTER TABLE "{s}".customers DROP CONSTRAINT customers_id_only',
        "{s}.accounts",
        "foreign key loose does not name tenant_id",
    ),
    "partition without a policy": (
        (
            'CREATE TABLE "{s}".visits (id uuid, tenant_id text NOT NULL, day date, PRIMARY KEY (id, tenant_id, day))'
            " PARTITION BY RANGE (day);"
            ' ALTER TABLE "{s}".visits ENABLE ROW LEVEL SECURITY; ALTER TABLE "{s}".visits FORCE ROW LEVEL SECURITY;'
            ' CREATE POLICY tenant_isolation_visits ON "{s}".visits USING (tenant_id = tenants.current_tenant())'
            " WITH CHECK (tenant_id = tenants.current_tenant());"
            " CREATE TABLE \"{s}\".visits_2026 PARTITION OF \"{s}\".visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
        ),
        'DROP TABLE "{s}".visits',
        "{s}.visits_2026",
        "partition or child without a tenant_id policy of its own",
    ),
    "table without a tenant": (
        'CREATE TABLE "{s}".notes (id uuid PRIMARY KEY, customer_id uuid)',
        'DROP TABLE "{s}".notes',
        "{s}.notes",
        "tenant table outside a placement has no tenant_id column",
    ),
    "new table nobody protected": (
        'CREATE TABLE "{s}".notes (id uuid, tenant_id text NOT NULL, PRIMARY KEY (id, tenant_id))',
        'DROP TABLE "{s}".notes',
        "{s}.notes",
        "row-level security is not enabled",
    ),
    "view of the owner": (
        'CREATE VIEW "{s}".rich AS SELECT * FROM "{s}".accounts',
        'DROP VIEW "{s}".rich',
        "{s}.rich",
        "view over a tenant table without security_invoker",
    ),
    "view of the owner over a harmless view": (
        (
            'CREATE VIEW "{s}".inner_view WITH (security_invoker = true) AS SELECT * FROM "{s}".accounts;'
            ' CREATE VIEW "{s}".rich AS SELECT * FROM "{s}".inner_view'
        ),
        'DROP VIEW "{s}".rich; DROP VIEW "{s}".inner_view',
        "{s}.rich",
        "view over a tenant table without security_invoker",
    ),
    "materialized view": (
        'CREATE MATERIALIZED VIEW "{s}".totals AS SELECT count(*) FROM "{s}".accounts',
        'DROP MATERIALIZED VIEW "{s}".totals',
        "{s}.totals",
        "materialized view over a tenant table without security_invoker",
    ),
    "function of the owner": (
        (
            "CREATE FUNCTION public.everything() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';"
            " GRANT EXECUTE ON FUNCTION public.everything() TO payment_engine_role"
        ),
        "DROP FUNCTION public.everything()",
        "everything()",
        "SECURITY DEFINER function that payment_engine_role may execute",
    ),
    "tenant function replaced": (
        "CREATE OR REPLACE FUNCTION tenants.current_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN 'beta-bank'::text",
        (
            "CREATE OR REPLACE FUNCTION tenants.current_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE"
            " RETURN current_setting('app.current_tenant', true)"
        ),
        "tenants.current_tenant()",
        "is missing or not the function we make",
    ),
    "right to truncate": (
        'GRANT TRUNCATE ON "{s}".customers TO payment_engine_role',
        'REVOKE TRUNCATE ON "{s}".customers FROM payment_engine_role',
        "{s}.customers",
        "payment_engine_role may truncate it, or add triggers or foreign keys",
    ),
    "platform may write": (
        'GRANT UPDATE ON "{s}".customers TO payment_engine_platform',
        'REVOKE UPDATE ON "{s}".customers FROM payment_engine_platform',
        "{s}.customers",
        "payment_engine_platform may write",
    ),
    "schema open to the application": (
        'GRANT CREATE ON SCHEMA "{s}" TO payment_engine_role',
        'REVOKE CREATE ON SCHEMA "{s}" FROM payment_engine_role',
        "{s}",
        "payment_engine_role may create objects in this schema",
    ),
    "schemas of their own": (
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO payment_engine_role', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM payment_engine_role', current_database()); END $$",
        "database",
        "payment_engine_role may create schemas",
    ),
    "registry's schema open to the application": (
        "GRANT CREATE ON SCHEMA public TO payment_engine_role",
        "REVOKE CREATE ON SCHEMA public FROM payment_engine_role",
        "public",
        "payment_engine_role may create objects in this schema",
    ),
    "temporary tables": (
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO payment_engine_role', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM payment_engine_role', current_database()); END $$",
        "temporary tables",
        "payment_engine_role may create them, and functions that run as their triggers",
    ),
}


def test_there_is_no_gap(tenant_a: TenantRecord) -> None:
    assert isolation_gaps() == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_gap_is_named(name: str, tenant_a: TenantRecord, planted: Plant) -> None:
    statement, undo, where, gap = (text.replace("{s}", tenant_a.schema) for text in PLANTED[name])
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    planted(statement, undo=undo)
    found = isolation_gaps()
    assert IsolationGap(object=where, gap=gap.replace(f"{tenant_a.schema}.iban", _as_shown(tenant_a))) in found
    assert {each.object for each in found} <= {where, f"{tenant_a.schema}.customers"}  # the loose foreign key needs a loose unique index


def _as_shown(tenant: TenantRecord) -> str:
    """The pool is on the database's own search_path, so PostgreSQL leaves its name out."""
    return "iban" if tenant.schema == "payment_engine" else f"{tenant.schema}.iban"


def test_both_placements_are_looked_through(tenant_a: TenantRecord, tenant_b: TenantRecord, planted: Plant) -> None:
    for schema in {tenant_a.schema, tenant_b.schema}:
        planted(f'CREATE VIEW "{schema}".rich AS SELECT * FROM "{schema}".accounts', undo=f'DROP VIEW "{schema}".rich')
    assert {each.object for each in isolation_gaps()} == {f"{tenant_a.schema}.rich", f"{tenant_b.schema}.rich"}


@pytest.mark.parametrize(("owner", "level"), [(True, checks.WARNING), (False, checks.ERROR)])
def test_what_migrating_closes_is_no_reason_not_to_migrate(
    tenant_a: TenantRecord, planted: Plant, monkeypatch: pytest.MonkeyPatch, owner: bool, level: int
) -> None:
    statement, undo, *_ = PLANTED["temporary tables"]
    planted(statement, undo=undo)
    monkeypatch.setattr("tenants.checks.is_owner_login", lambda: owner)
    assert [message.level for message in check_isolation(["default"])] == [level]


def test_manage_py_check_fails_on_a_gap(tenant_a: TenantRecord, planted: Plant) -> None:
    table = f'"{tenant_a.schema}".journals'
    call_command("check", databases=["default"])
    planted(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY", undo=f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    with pytest.raises(CommandError, match=r"journals: row-level security is not forced"):
        call_command("check", databases=["default"])


def test_a_foreign_key_into_another_placement_is_named(tenant_a: TenantRecord, tenant_b: TenantRecord, planted: Plant) -> None:
    if tenant_a.schema == tenant_b.schema:
        planted("CREATE SCHEMA elsewhere", undo="DROP SCHEMA elsewhere CASCADE")
        make = "CREATE TABLE elsewhere.notes (id uuid, tenant_id text NOT NULL, customer_id uuid, PRIMARY KEY (id, tenant_id))"
        planted(make, undo="DROP TABLE IF EXISTS elsewhere.notes")
        where = "elsewhere.notes"
    else:
        where = f"{tenant_a.schema}.accounts"
    planted(
        f"ALTER TABLE {where} ADD CONSTRAINT abroad FOREIGN KEY (tenant_id, customer_id)"
        f" REFERENCES {tenant_b.schema}.customers (tenant_id, id)",
        undo=f"ALTER TABLE {where} DROP CONSTRAINT abroad",
    )
    assert IsolationGap(object=where, gap="foreign key abroad leads into another schema") in isolation_gaps()
