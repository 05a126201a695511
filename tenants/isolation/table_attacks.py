"""Attacks on one table in SQL, with the application's login and the attacker in context (or nobody)."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product

from django.db import connection

from tenants.context import use
from tenants.isolation import changing_attacks, reading_attacks, side_channel_attacks, structure_attacks
from tenants.isolation.findings import Finding, Outcome, judged
from tenants.isolation.ground import Raid, undone
from tenants.isolation.targets import AS_NOBODY, TABLE_ATTACKS, Target

__all__ = ["TABLE_ATTACKS", "attack_tables", "changing_attacks", "reading_attacks", "side_channel_attacks", "structure_attacks"]


def attack_tables(raid: Raid, names: Iterable[str] = TABLE_ATTACKS) -> Iterator[Finding]:
    """Every attack (or those named) on every table, one by one, each in a transaction that is rolled back."""
    for table, name in product(raid.tables, names):
        target = Target(raid=raid, table=table)
        outcome = judged(partial(_tried, name, target))
        yield Finding(area="SQL", attack=name, target=str(table), attacker=target.mine, victim=target.theirs, outcome=outcome)


def _tried(name: str, target: Target) -> Outcome:
    if name in AS_NOBODY:
        with use(None), connection.cursor() as cursor:  # autocommit: app.current_tenant is not set at all
            return TABLE_ATTACKS[name](target, cursor)
    with undone(target.raid.attacker.scope) as cursor:
        return TABLE_ATTACKS[name](target, cursor)
