"""Attacks that would change another tenant's rows, or plant some among them."""

from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, connection

from tenants.isolation.findings import Outcome, first_line, held, leak, nothing, sqlstate_of, unclear
from tenants.isolation.targets import INTEGRITY, NO_ACCESS, Target, attack, changed

_NOT_SUPPORTED: Final = "0A000"


@attack("UPDATE")
def _update(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return changed(target, cursor, f"UPDATE {target.table.quoted} SET id = id WHERE tenant_id = %s", [target.theirs])  # noqa: S608


@attack("UPDATE, take rows over")
def _take_over(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"UPDATE {target.table.quoted} SET tenant_id = %s WHERE tenant_id = %s"  # noqa: S608
    return changed(target, cursor, statement, [target.mine, target.theirs])


@attack("UPDATE, give a row away")
def _give_away(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    if target.my_id is None:
        return nothing("no row to give away")
    try:
        cursor.execute(f"UPDATE {target.table.quoted} SET tenant_id = %s WHERE id = %s::uuid", [target.theirs, target.my_id])  # noqa: S608
    except DatabaseError as error:
        if sqlstate_of(error).startswith(INTEGRITY):
            return held(f"refused: {first_line(error)}")
        raise
    return leak("the row changed its tenant") if cursor.rowcount else unclear("the attacker's own row was not found")


@attack("DELETE")
def _delete(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return changed(target, cursor, f"DELETE FROM {target.table.quoted} WHERE tenant_id = %s", [target.theirs])  # noqa: S608


@attack("MERGE … DELETE")
def _merge(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"MERGE INTO {target.table.quoted} t USING (SELECT %s::uuid AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE"
    return changed(target, cursor, statement, [target.their_id])


@attack("INSERT for the other tenant")
def _insert(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _planted(target, cursor, "", uuid4())


@attack("INSERT … ON CONFLICT DO UPDATE")
def _upsert(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    conflict = f' ON CONFLICT ON CONSTRAINT "{target.table.name}_pkey" DO UPDATE SET id = excluded.id'
    return _planted(target, cursor, conflict, target.their_id or uuid4())


def _planted(target: Target, cursor: Any, conflict: str, row_id: object) -> Outcome:  # noqa: ANN401
    """The policy is checked before any constraint: a row refused for another reason was let through by it."""
    statement = f"INSERT INTO {target.table.quoted} (id, tenant_id) VALUES (%s::uuid, %s){conflict}"  # noqa: S608
    try:
        cursor.execute(statement, [str(row_id), target.theirs])
    except DatabaseError as error:
        if sqlstate_of(error).startswith(INTEGRITY):
            return leak(f"the policy let it through, only a constraint did not: {first_line(error)}")
        raise
    return leak("the row was accepted")


@attack("COPY FROM")
def _copy_in(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    try:
        with connection.wrap_database_errors, cursor.copy(f"COPY {target.table.quoted} (id, tenant_id) FROM STDIN") as copy:
            copy.write_row((uuid4(), target.theirs))
    except DatabaseError as error:
        if sqlstate_of(error) == _NOT_SUPPORTED:
            return held("refused: not supported with row-level security")
        if sqlstate_of(error).startswith(INTEGRITY):
            return leak(f"only a constraint did not let it through: {first_line(error)}")
        raise
    return leak("the row was accepted")


@attack("TRUNCATE")
def _truncate(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    """It knows no policies: whoever may truncate empties the table for everybody, or is stopped by a foreign key only."""
    try:
        cursor.execute(f"TRUNCATE {target.table.quoted}")
    except DatabaseError as error:
        if sqlstate_of(error) == NO_ACCESS:
            return held("permission denied")
        return leak(f"only stopped by: {first_line(error)}")
    return leak("accepted")
