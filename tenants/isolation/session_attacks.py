"""Attacks that need no table: other roles, functions of the owner, files of the server, objects of one's own."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from tenants.context import use
from tenants.isolation.findings import Finding, Outcome, held, judged, leak, nothing, sqlstate_of
from tenants.isolation.ground import Raid, undone

_NO_ACCESS: Final = "42501"
_STRONGER_ROLES: Final = """
    SELECT rolname::text FROM pg_roles WHERE rolname <> current_user
    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolname = ANY (%s) OR rolname ~ '^pg_(read|write|execute)')
"""
_DEFINER_FUNCTIONS: Final = """
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_function_privilege(p.oid, 'EXECUTE')
"""
_REFUSED: Final = {
    "files of the server": (
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/hostname')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/dev/null'",
    ),
    "stronger logins": ("CREATE ROLE isolation_proof SUPERUSER", "ALTER ROLE CURRENT_USER BYPASSRLS"),
    "objects of one's own": (
        "CREATE SCHEMA isolation_proof",
        "CREATE TABLE public.isolation_proof ()",
        "CREATE FUNCTION public.isolation_proof() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE OR REPLACE FUNCTION tenants.current_tenant() RETURNS text LANGUAGE sql RETURN 'x'",
        "ALTER FUNCTION tenants.current_tenant() SECURITY DEFINER",
    ),
}


def attack_session(raid: Raid) -> Iterator[Finding]:
    def finding(attack: str, target: str, outcome: Outcome) -> Finding:
        slugs = {"attacker": raid.attacker.slug, "victim": raid.victim.slug}
        return Finding(area="SQL", attack=attack, target=target, outcome=outcome, **slugs)

    for role in _names(raid, _STRONGER_ROLES, [[settings.TENANCY["OWNER_ROLE"], settings.TENANCY["PLATFORM_ROLE"]]]):
        yield finding("SET ROLE", role, _tried(raid, partial(_become, role)))
    for name, statements in _REFUSED.items():
        for statement in statements:
            yield finding(name, statement, _tried(raid, partial(_refused, statement)))
    for schema in sorted({table.schema for table in raid.tables}):
        quoted = sql.Identifier(schema).as_string(None)
        statement = f"CREATE VIEW {quoted}.isolation_proof AS SELECT 1"
        yield finding("objects of one's own", statement, _tried(raid, partial(_refused, statement)))
    yield finding("functions that run as their owner", "pg_proc", _definer_functions(raid))
    yield finding("temporary table in a registry table's place", "public.tenants", _registry_shadow())


def _names(raid: Raid, query: str, parameters: list[object]) -> list[str]:
    with undone(raid.attacker.scope) as cursor:
        cursor.execute(query, parameters)
        return [name for (name,) in cursor.fetchall()]


def _tried(raid: Raid, attack: Callable[[Any], Outcome]) -> Outcome:
    def attempt() -> Outcome:
        with undone(raid.attacker.scope) as cursor:
            return attack(cursor)

    return judged(attempt)


def _refused(statement: str, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute(statement)
    return leak("accepted")


def _become(role: str, cursor: Any) -> Outcome:  # noqa: ANN401
    name = sql.Identifier(role).as_string(None)
    for statement in (f"SET LOCAL ROLE {name}", f"SET LOCAL SESSION AUTHORIZATION {name}"):
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except DatabaseError as error:
            if sqlstate_of(error) != _NO_ACCESS:
                raise
        else:
            return leak(f"accepted: {statement}")
    return held("permission denied")


def _definer_functions(raid: Raid) -> Outcome:
    found = _names(raid, _DEFINER_FUNCTIONS, [])
    return leak(f"may be called: {', '.join(found)}") if found else held("there is none to call")


def _registry_shadow() -> Outcome:
    """Statements outside any transaction are not bound to a search_path by us: the database's own default must be safe."""
    if connection.in_atomic_block:
        return nothing("inside a transaction every statement is bound")
    with use(None), connection.cursor() as cursor:
        try:
            cursor.execute("CREATE TEMPORARY TABLE tenants (slug text)")
        except DatabaseError as error:
            if sqlstate_of(error) == _NO_ACCESS:
                return held("permission denied")
            raise
        try:
            cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = to_regclass('tenants')")
            return leak("the registry would be read from it") if cursor.fetchone() == ("t",) else held("the real registry is still read")
        finally:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.tenants")
