"""One table as a target: who attacks whom there, and what the attacks on tables have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, transaction

from tenants.isolation.findings import Outcome, first_line, held, leak, nothing, sqlstate_of
from tenants.isolation.ground import OwnedTable, Raid

NO_ACCESS: Final = "42501"  # insufficient_privilege: no right, or a policy's WITH CHECK
INTEGRITY: Final = "23"


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
TABLE_ATTACKS: Final[dict[str, TableAttack]] = {}
AS_NOBODY: Final[set[str]] = set()


def attack(name: str, *, as_nobody: bool = False) -> Callable[[TableAttack], TableAttack]:
    def register(attack: TableAttack) -> TableAttack:
        TABLE_ATTACKS[name] = attack
        if as_nobody:
            AS_NOBODY.add(name)
        return attack

    return register


def counted(target: Target, rows: int) -> Outcome:
    """No row may be reached; where the victim has none, that proves nothing."""
    if rows:
        return leak(f"{rows} rows of another tenant")
    return held("0 rows") if target.their_id else nothing("no rows to steal")


def read(target: Target, cursor: Any, condition: str, parameters: list[object]) -> Outcome:  # noqa: ANN401
    cursor.execute(f"SELECT count(*) FROM {target.table.quoted} t WHERE {condition}", parameters)  # noqa: S608  # both are ours
    return counted(target, cursor.fetchone()[0])


def changed(target: Target, cursor: Any, statement: str, parameters: list[object]) -> Outcome:  # noqa: ANN401
    """A trigger or constraint that objects has met the row: only the policy keeps it out of reach altogether."""
    try:
        cursor.execute(statement, parameters)
    except DatabaseError as error:
        if sqlstate_of(error).startswith(INTEGRITY) and sqlstate_of(error) != "23001":
            return leak(f"the row was met: {first_line(error)}")
        raise
    return counted(target, cursor.rowcount)


def refused(cursor: Any, *statements: str) -> Outcome:  # noqa: ANN401
    """Each statement must be refused for want of rights."""
    for statement in statements:
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except DatabaseError as error:
            if sqlstate_of(error) != NO_ACCESS:
                raise
        else:
            return leak(f"accepted: {statement}")
    return held("permission denied")
