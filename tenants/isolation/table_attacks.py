"""Attacks on one table in SQL, with the application's login and the attacker in context (or nobody)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from django.db import DatabaseError, connection, transaction
from psycopg import sql

from tenants.context import use
from tenants.isolation.findings import Finding, Outcome, held, judged, leak, nothing, sqlstate_of, unclear
from tenants.isolation.ground import ForeignKey, OwnedTable, Raid, undone

AREA: Final = "SQL"
_NOT_SUPPORTED, _NO_ACCESS, _UNIQUE, _FOREIGN_KEY, _BUSY = "0A000", "42501", "23505", "23503", "55P03"
_INTEGRITY: Final = "23"
_TIMEOUTS: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    raid: Raid
    table: OwnedTable

    @property
    def mine(self) -> str:
        return self.raid.attacker.slug

    @property
    def theirs(self) -> str:
        return self.raid.victim.slug

    @property
    def their_id(self) -> str | None:
        return self.raid.victim.id_in(self.table)

    @property
    def my_id(self) -> str | None:
        return self.raid.attacker.id_in(self.table)


TableAttack = Callable[[Target, Any], Outcome]
_AS_ATTACKER: Final[dict[str, TableAttack]] = {}
_AS_NOBODY: Final[dict[str, TableAttack]] = {}


def _attack(name: str, *, attackers: dict[str, TableAttack] = _AS_ATTACKER) -> Callable[[TableAttack], TableAttack]:
    def register(attack: TableAttack) -> TableAttack:
        attackers[name] = attack
        return attack

    return register


def attack_tables(raid: Raid) -> Iterator[Finding]:
    """Every attack on every table, one by one, each in a transaction that is rolled back."""
    for table in raid.tables:
        target = Target(raid=raid, table=table)
        for name, attack in _AS_NOBODY.items():
            yield _finding(name, target, judged(lambda attack=attack, target=target: _as_nobody(attack, target)))  # type: ignore[misc]
        for name, attack in _AS_ATTACKER.items():
            yield _finding(name, target, judged(lambda attack=attack, target=target: _as_attacker(attack, target)))  # type: ignore[misc]


def _as_nobody(attack: TableAttack, target: Target) -> Outcome:
    with use(None), connection.cursor() as cursor:  # autocommit: app.current_tenant is not set at all
        return attack(target, cursor)


def _as_attacker(attack: TableAttack, target: Target) -> Outcome:
    with undone(target.raid.attacker.scope) as cursor:
        return attack(target, cursor)


def _finding(name: str, target: Target, outcome: Outcome) -> Finding:
    return Finding(area=AREA, attack=name, target=str(target.table), attacker=target.mine, victim=target.theirs, outcome=outcome)


def _counted(target: Target, rows: int) -> Outcome:
    """No row may be reached; where the victim has none, that proves nothing."""
    if rows:
        return leak(f"{rows} rows of another tenant")
    return held("0 rows") if target.their_id else nothing("no rows to steal")


def _read(target: Target, cursor: Any, condition: str, parameters: list[object]) -> Outcome:  # noqa: ANN401
    cursor.execute(f"SELECT count(*) FROM {target.table.quoted} t WHERE {condition}", parameters)  # noqa: S608  # both are ours
    return _counted(target, cursor.fetchone()[0])


def _changed(target: Target, cursor: Any, statement: str, parameters: list[object]) -> Outcome:  # noqa: ANN401
    cursor.execute(statement, parameters)
    return _counted(target, cursor.rowcount)


def _refused(cursor: Any, *statements: str) -> Outcome:  # noqa: ANN401
    """Each statement must be refused for want of rights."""
    for statement in statements:
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except DatabaseError as error:
            if sqlstate_of(error) != _NO_ACCESS:
                raise
        else:
            return leak(f"accepted: {statement}")
    return held("permission denied")


# --- Reading ---------------------------------------------------------------------------------------------------------


@_attack("read, no tenant ever set", attackers=_AS_NOBODY)
def _read_as_nobody(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _read(target, cursor, "true", [])


@_attack("read, app.current_tenant = ''", attackers=_AS_NOBODY)
def _read_as_empty(target: Target, _cursor: Any) -> Outcome:  # noqa: ANN401
    with undone(None) as cursor:
        cursor.execute("SET LOCAL app.current_tenant = ''")
        return _read(target, cursor, "true", [])


@_attack("COPY TO, no tenant", attackers=_AS_NOBODY)
def _copy_out_as_nobody(target: Target, _cursor: Any) -> Outcome:  # noqa: ANN401
    with undone(None) as cursor:
        return _copy_out(target, cursor, f"COPY {target.table.quoted} TO STDOUT")


@_attack("read, filtered on the other tenant")
def _read_filtered(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _read(target, cursor, "tenant_id = %s", [target.theirs])


@_attack("read everything, keep what is not one's own")
def _read_all(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _read(target, cursor, "tenant_id <> %s", [target.mine])


@_attack("read by id")
def _read_by_id(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _read(target, cursor, "id = %s::uuid", [target.their_id])


@_attack("join with itself by id")
def _read_joined(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"SELECT count(*) FROM (SELECT %s::uuid AS id) w JOIN {target.table.quoted} t USING (id)"  # noqa: S608
    cursor.execute(statement, [target.their_id])
    return _counted(target, cursor.fetchone()[0])


@_attack("SELECT FOR UPDATE")
def _lock_rows(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _changed(target, cursor, f"SELECT 1 FROM {target.table.quoted} WHERE tenant_id = %s FOR UPDATE NOWAIT", [target.theirs])  # noqa: S608


@_attack("make an error tell (division by zero)")
def _error_oracle(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    condition = "1 / (CASE WHEN tenant_id = %s THEN 0 ELSE 1 END) = 0"
    try:
        return _read(target, cursor, condition, [target.theirs])
    except DatabaseError as error:
        return leak("the expression saw the row") if sqlstate_of(error) == "22012" else unclear(str(error))


@_attack("COPY TO")
def _copy_out_theirs(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    theirs = sql.Literal(target.theirs).as_string(None)
    return _copy_out(target, cursor, f"COPY (SELECT * FROM {target.table.quoted} WHERE tenant_id = {theirs}) TO STDOUT")  # noqa: S608


def _copy_out(target: Target, cursor: Any, statement: str) -> Outcome:  # noqa: ANN401
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        rows = sum(1 for _ in zip(copy, range(1), strict=False))
        if rows:
            return leak("rows came out")
    return _counted(target, 0)


@_attack("SET row_security = off")
def _row_security_off(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("SET LOCAL row_security = off")
    return _read(target, cursor, "tenant_id <> %s", [target.mine])


@_attack("RESET ALL")
def _reset_all(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("RESET ALL")
    return _read(target, cursor, "tenant_id <> %s", [target.mine])


@_attack("statistics (pg_stats)")
def _statistics(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    cursor.execute("SELECT count(*) FROM pg_stats WHERE schemaname = %s AND tablename = %s", [target.table.schema, target.table.name])
    return leak("most common values can be read") if cursor.fetchone()[0] else held("0 rows")


# --- Changing --------------------------------------------------------------------------------------------------------


@_attack("UPDATE")
def _update(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _changed(target, cursor, f"UPDATE {target.table.quoted} SET id = id WHERE tenant_id = %s", [target.theirs])  # noqa: S608


@_attack("UPDATE, take rows over")
def _take_over(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"UPDATE {target.table.quoted} SET tenant_id = %s WHERE tenant_id = %s"  # noqa: S608
    return _changed(target, cursor, statement, [target.mine, target.theirs])


@_attack("UPDATE, give a row away")
def _give_away(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    if target.my_id is None:
        return nothing("no row to give away")
    cursor.execute(f"UPDATE {target.table.quoted} SET tenant_id = %s WHERE id = %s::uuid", [target.theirs, target.my_id])  # noqa: S608
    return leak("the row changed its tenant") if cursor.rowcount else unclear("the attacker's own row was not found")


@_attack("DELETE")
def _delete(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _changed(target, cursor, f"DELETE FROM {target.table.quoted} WHERE tenant_id = %s", [target.theirs])  # noqa: S608


@_attack("MERGE … DELETE")
def _merge(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    statement = f"MERGE INTO {target.table.quoted} t USING (SELECT %s::uuid AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE"  # noqa: S608
    return _changed(target, cursor, statement, [target.their_id])


@_attack("INSERT for the other tenant")
def _insert(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _planted(target, cursor, "", uuid4())


@_attack("INSERT … ON CONFLICT DO UPDATE")
def _upsert(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _planted(target, cursor, " ON CONFLICT (id, tenant_id) DO UPDATE SET id = excluded.id", target.their_id or uuid4())


def _planted(target: Target, cursor: Any, conflict: str, row_id: object) -> Outcome:  # noqa: ANN401
    """The policy is checked before any constraint: a row refused for another reason was let through by it."""
    statement = f"INSERT INTO {target.table.quoted} (id, tenant_id) VALUES (%s::uuid, %s){conflict}"  # noqa: S608
    try:
        cursor.execute(statement, [str(row_id), target.theirs])
    except DatabaseError as error:
        if sqlstate_of(error).startswith(_INTEGRITY):
            return leak(f"the policy let it through, only a constraint did not: {str(error).partition(chr(10))[0]}")
        raise
    return leak("the row was accepted")


@_attack("COPY FROM")
def _copy_in(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    try:
        with connection.wrap_database_errors, cursor.copy(f"COPY {target.table.quoted} (id, tenant_id) FROM STDIN") as copy:
            copy.write_row((uuid4(), target.theirs))
    except DatabaseError as error:
        if sqlstate_of(error) == _NOT_SUPPORTED:
            return held("refused: not supported with row-level security")
        raise
    return leak("the row was accepted")


@_attack("TRUNCATE")
def _truncate(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    return _refused(cursor, f"TRUNCATE {target.table.quoted} CASCADE")


# --- Side channels ---------------------------------------------------------------------------------------------------


@_attack("unique index tells what exists")
def _unique_side_channel(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    """A copy of their row under one's own name may only collide with a row of one's own."""
    row = target.raid.victim.newest.get(str(target.table))
    if row is None:
        return nothing("no row to copy")
    try:
        with transaction.atomic():
            _insert_copy(target, cursor, row)
    except DatabaseError as error:
        state = sqlstate_of(error)
        index = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if state == _UNIQUE and index not in target.table.unique_per_tenant:
            return leak(f"{index} collides across tenants")
        if not state.startswith(_INTEGRITY):
            raise
        return held("no collision with another tenant's row")
    return held("taken as a row of one's own: no collision")


@_attack("foreign key tells what exists")
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
    """SQLSTATE of making one's own row (or a copy of theirs) refer to `wanted`; None when no row could be made to."""
    column = sql.Identifier(key.column).as_string(None)
    try:
        with transaction.atomic():
            if target.my_id:
                cursor.execute(f"UPDATE {target.table.quoted} SET {column} = %s::uuid WHERE id = %s::uuid", [wanted, target.my_id])  # noqa: S608
            elif row := target.raid.victim.newest.get(str(target.table)):
                _insert_copy(target, cursor, row, **{key.column: wanted or ""})
            else:
                return None
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        state = sqlstate_of(error)
        return state if state == _FOREIGN_KEY else None
    return "accepted"


def _insert_copy(target: Target, cursor: Any, row: str, **changes: str) -> None:  # noqa: ANN401
    names = ", ".join(sql.Identifier(column).as_string(None) for column in target.table.columns)
    pairs = ", ".join("%s::text, %s::text" for _ in range(1 + len(changes)))
    values = [part for pair in {"tenant_id": target.mine, **changes}.items() for part in pair]
    statement = (
        f"INSERT INTO {target.table.quoted} ({names}) SELECT {names} "  # noqa: S608  # quoted names
        f"FROM jsonb_populate_record(NULL::{target.table.quoted}, %s::jsonb || jsonb_build_object({pairs}))"
    )
    cursor.execute(statement, [row, *values])


# --- The table itself ------------------------------------------------------------------------------------------------


@_attack("LOCK TABLE")
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
    return leak(f"granted, and nothing ends it: {', '.join(endless)} is 0") if endless else held("granted, shows nothing, ended by time-outs")


@_attack("ALTER TABLE")
def _alter_table(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    changes = ("DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY", "OWNER TO CURRENT_USER", "DROP COLUMN tenant_id CASCADE")
    return _refused(cursor, *(f"ALTER TABLE {target.table.quoted} {change}" for change in changes))


@_attack("DROP, ALTER, CREATE POLICY")
def _policies(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    policy, table = sql.Identifier(f"tenant_isolation_{target.table.name}").as_string(None), target.table.quoted
    return _refused(
        cursor,
        f"DROP POLICY {policy} ON {table}",
        f"ALTER POLICY {policy} ON {table} USING (true)",
        f"CREATE POLICY everything ON {table} USING (true)",
    )


@_attack("CREATE TRIGGER, RULE, INDEX")
def _attachments(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    table = target.table.quoted
    trigger = f"CREATE TRIGGER spy BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    return _refused(cursor, trigger, f"CREATE RULE spy AS ON INSERT TO {table} DO ALSO NOTHING", f"CREATE INDEX spy ON {table} (id)")


@_attack("temporary table in its place")
def _shadow(target: Target, cursor: Any) -> Outcome:  # noqa: ANN401
    name = sql.Identifier(target.table.name).as_string(None)
    try:
        with transaction.atomic():
            cursor.execute(f"CREATE TEMPORARY TABLE {name} (id uuid, tenant_id text) ON COMMIT DROP")
    except DatabaseError as error:
        if sqlstate_of(error) != _NO_ACCESS:
            raise
        return held("permission denied")
    cursor.execute("SELECT relpersistence FROM pg_class WHERE oid = to_regclass(%s)", [name])
    (persistence,) = cursor.fetchone()
    return leak("the name now means the temporary table") if persistence == "t" else held("the real table is still the one meant")
