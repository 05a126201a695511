"""Attacks that would show another tenant's rows."""

from typing import Any

from django.db import DatabaseError, connection
from psycopg import sql

from tenants.isolation.findings import Outcome, held, leak, sqlstate_of, unclear
from tenants.isolation.ground import undone
from tenants.isolation.targets import Target, attack, changed, counted, read


@attack("read, no tenant ever set", as_nobody=True)
def _read_as_nobody(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return read(target, cursor, "true", [])


@attack("read, app.current_tenant = ''", as_nobody=True)
def _read_as_empty(target: Target, _cursor: Any) -> Outcome:  # noqa: ANN401
    with undone(None) as cursor:
        cursor.execute("SET LOCAL app.current_tenant = ''")
        return read(target, cursor, "true", [])


@attack("COPY TO, no tenant", as_nobody=True)
def _copy_out_as_nobody(target: Target, _cursor: Any) -> Outcome:  # noqa: ANN401
    with undone(None) as cursor:
        return _copy_out(target, cursor, f"COPY {target.table.quoted} TO STDOUT")


@attack("read, filtered on the other tenant")
def _read_filtered(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return read(target, cursor, "tenant_id = %s", [target.theirs])


@attack("read everything, keep what is not one's own")
def _read_all(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return read(target, cursor, "tenant_id <> %s", [target.mine])


@attack("read by id")
def _read_by_id(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return read(target, cursor, "id = %s::uuid", [target.their_id])


@attack("join with itself by id")
def _read_joined(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"SELECT count(*) FROM (SELECT %s::uuid AS id) w JOIN {target.table.quoted} t USING (id)"  # noqa: S608
    cursor.execute(statement, [target.their_id])
    return counted(target, cursor.fetchone()[0])


@attack("SELECT FOR UPDATE")
def _lock_rows(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return changed(target, cursor, f"SELECT 1 FROM {target.table.quoted} WHERE tenant_id = %s FOR UPDATE NOWAIT", [target.theirs])  # noqa: S608


@attack("make an error tell (division by zero)")
def _error_oracle(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    condition = "1 / (CASE WHEN tenant_id = %s THEN 0 ELSE 1 END) = 0"
    try:
        return read(target, cursor, condition, [target.theirs])
    except DatabaseError as error:
        return leak("the expression saw the row") if sqlstate_of(error) == "22012" else unclear(str(error))


@attack("COPY TO")
def _copy_out_theirs(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    theirs = sql.Literal(target.theirs).as_string(None)
    return _copy_out(target, cursor, f"COPY (SELECT * FROM {target.table.quoted} WHERE tenant_id = {theirs}) TO STDOUT")  # noqa: S608


def _copy_out(target: Target, cursor: Any, statement: str) -> Outcome:  # noqa: ANN401
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        rows = sum(1 for _ in zip(copy, range(1), strict=False))
        if rows:
            return leak("rows came out")
    return counted(target, 0)


@attack("SET row_security = off")
def _row_security_off(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("SET LOCAL row_security = off")
    return read(target, cursor, "tenant_id <> %s", [target.mine])


@attack("RESET ALL")
def _reset_all(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("RESET ALL")
    return read(target, cursor, "tenant_id <> %s", [target.mine])


@attack("statistics (pg_stats)")
def _statistics(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("SELECT count(*) FROM pg_stats WHERE schemaname = %s AND tablename = %s", [target.table.schema, target.table.name])
    return leak("most common values can be read") if cursor.fetchone()[0] else held("0 rows")
