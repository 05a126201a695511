"""Attacks that would tell which rows another tenant has, without showing them."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, transaction
from psycopg import sql

from tenants.isolation.findings import Outcome, held, leak, nothing, sqlstate_of
from tenants.isolation.ground import ForeignKey
from tenants.isolation.targets import INTEGRITY, Target, attack

_UNIQUE, _FOREIGN_KEY = "23505", "23503"


@attack("unique index tells what exists")
def _unique_side_channel(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    """A copy of their row under one's own name may only collide with a row of one's own."""
    row = target.raid.victim.newest.get(str(target.table))
    if row is None:
        return nothing("no row to copy")
    try:
        with transaction.atomic():
            insert_copy(target, cursor, row)
    except DatabaseError as error:
        state = sqlstate_of(error)
        index = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if state == _UNIQUE and index not in target.table.unique_per_tenant:
            return leak(f"{index} collides across tenants")
        if not state.startswith(INTEGRITY):
            raise
        return held("no collision with another tenant's row")
    return held("taken as a row of one's own: no collision")


@attack("foreign key tells what exists")
def _foreign_key_side_channel(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    """A reference to their row must fail exactly like one to a row that exists nowhere."""
    tried = []
    for key in target.table.foreign_keys:
        theirs = target.raid.victim.newest.get(key.referenced_table)
        if theirs is None:
            continue
        parent = next(table for table in target.raid.tables if str(table) == key.referenced_table)
        answers = {_refer(target, cursor, key, wanted) for wanted in (target.raid.victim.id_in(parent), str(uuid4()))}
        if None in answers:
            continue
        if answers != {_FOREIGN_KEY}:
            return leak(f"{key.constraint} answers {sorted(map(str, answers))} for an existing and an unknown row")
        tried.append(key.constraint)
    return held("alike for existing and unknown rows") if tried else nothing("no foreign key that could tell")


def _refer(target: Target, cursor: Any, key: ForeignKey, wanted: str | None) -> str | None:  # noqa: ANN401
    """SQLSTATE of making one's own row, else a copy of theirs, refer to `wanted`; None when neither could be made to."""
    column = sql.Identifier(key.column).as_string(None)
    ways: list[Callable[[], object]] = []
    if target.my_id:
        change = f"UPDATE {target.table.quoted} SET {column} = %s::uuid WHERE id = %s::uuid"  # noqa: S608  # quoted names
        ways.append(partial(cursor.execute, change, [wanted, target.my_id]))
    if row := target.raid.victim.newest.get(str(target.table)):
        ways.append(partial(insert_copy, target, cursor, row, **{key.column: wanted or ""}))
    answers = (_answer(cursor, way) for way in ways)
    return next((answer for answer in answers if answer is not None), None)


def _answer(cursor: Any, way: Callable[[], object]) -> str | None:  # noqa: ANN401
    """None for what another rule than the foreign key refused."""
    try:
        with transaction.atomic():
            way()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        state = sqlstate_of(error)
        return state if state == _FOREIGN_KEY else None
    return "accepted"


def insert_copy(target: Target, cursor: Any, row: str, **changes: str) -> None:  # noqa: ANN401
    names = ", ".join(sql.Identifier(column).as_string(None) for column in target.table.columns)
    pairs = ", ".join("%s::text, %s::text" for _ in range(1 + len(changes)))
    values = [part for pair in {"tenant_id": target.mine, **changes}.items() for part in pair]
    statement = (
        f"INSERT INTO {target.table.quoted} ({names}) SELECT {names} "  # noqa: S608  # quoted names
        f"FROM jsonb_populate_record(NULL::{target.table.quoted}, %s::jsonb || jsonb_build_object({pairs}))"
    )
    cursor.execute(statement, [row, *values])
