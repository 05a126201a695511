"""Attacks on the table itself: locks, policies, what could be attached to it or put in its place."""

from typing import Any, Final

from django.db import DatabaseError, transaction
from psycopg import sql

from tenants.isolation.findings import Outcome, held, leak, sqlstate_of
from tenants.isolation.targets import NO_ACCESS, Target, attack, refused

_BUSY: Final = "55P03"
_TIMEOUTS: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


@attack("LOCK TABLE")
def _lock_table(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    """The right to change rows includes it. It shows nothing; what it can hold up must end by itself."""
    try:
        cursor.execute(f"LOCK TABLE {target.table.quoted} IN ACCESS EXCLUSIVE MODE NOWAIT")
    except DatabaseError as error:
        if sqlstate_of(error) == _BUSY:
            return held("busy: somebody else's work went first")
        raise
    cursor.execute("SELECT name FROM pg_settings WHERE name = ANY (%s) AND setting = '0'", [list(_TIMEOUTS)])
    endless = [name for (name,) in cursor.fetchall()]
    return (
        leak(f"granted, and nothing ends it: {', '.join(endless)} is 0") if endless else held("granted, shows nothing, ended by time-outs")
    )


@attack("ALTER TABLE")
def _alter_table(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    changes = ("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY", "OWNER TO CURRENT_USER", "DROP COLUMN tenant_id CASCADE")
    return refused(cursor, *(f"ALTER TABLE {target.table.quoted} {change}" for change in changes))


@attack("DROP, ALTER, CREATE POLICY")
def _policies(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    policy, table = sql.Identifier(f"tenant_isolation_{target.table.name}").as_string(None), target.table.quoted
    return refused(
        cursor,
        f"DROP POLICY {policy} ON {table}",
        f"ALTER POLICY {policy} ON {table} USING (true)",
        f"CREATE POLICY everything ON {table} USING (true)",
    )


@attack("CREATE TRIGGER, RULE, INDEX")
def _attachments(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    table = target.table.quoted
    trigger = f"CREATE TRIGGER spy BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    return refused(cursor, trigger, f"CREATE RULE spy AS ON INSERT TO {table} DO ALSO NOTHING", f"CREATE INDEX spy ON {table} (id)")


@attack("temporary table in its place")
def _shadow(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    name = sql.Identifier(target.table.name).as_string(None)
    try:
        with transaction.atomic():
            cursor.execute(f"CREATE TEMPORARY TABLE {name} (id uuid, tenant_id text) ON COMMIT DROP")
    except DatabaseError as error:
        if sqlstate_of(error) != NO_ACCESS:
            raise
        return held("permission denied")
    cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = to_regclass(%s)", [name])
    (persistence,) = cursor.fetchone()
    return leak("the name now means the temporary table") if persistence == "t" else held("the real table is still the one meant")
