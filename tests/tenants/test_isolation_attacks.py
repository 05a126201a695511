"""The attack list, attack by attack: each holds on every table and model, and each one sees the gap it is meant for."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection

from tenants.context import tenant_scope
from tenants.isolation import context_attacks, model_attacks
from tenants.isolation.cache_attacks import attack_caches
from tenants.isolation.context_attacks import attack_context
from tenants.isolation.findings import Finding, Verdict
from tenants.isolation.ground import Raid, loot_of
from tenants.isolation.model_attacks import attack_models
from tenants.isolation.session_attacks import attack_session
from tenants.isolation.table_attacks import TABLE_ATTACKS, attack_tables
from tenants.registry import TenantRecord
from tests.factories import make_customer, make_message, make_payment_type

pytestmark = pytest.mark.django_db(transaction=True)
Plant = Callable[..., None]
FURNISHED = 13  # tables in which both tenants have rows


def assert_held(findings: Iterable[Finding]) -> int:
    """No leak and nothing unclear; the number of targets on which the attack really met something."""
    found = list(findings)
    assert [each for each in found if each.is_failure] == []
    return sum(each.verdict is Verdict.HELD for each in found)


def leaks(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(each.attack, each.target.rpartition(".")[2]) for each in findings if each.verdict is Verdict.LEAK}


def test_every_attack_on_tables_holds(raid: Raid) -> None:
    for name in TABLE_ATTACKS:
        held = assert_held(attack_tables(raid, [name]))
        assert held >= (1 if name in {"foreign key tells what exists", "UPDATE, give a row away"} else FURNISHED), name


def test_every_attack_on_the_session_holds(raid: Raid) -> None:
    assert assert_held(attack_session(raid)) >= 10


def test_every_attack_through_the_orm_holds(raid: Raid) -> None:
    findings = list(attack_models(raid, loot_of(raid.victim.tenant, raid.attacker.tenant)))
    assert_held(findings)
    reached = {each.attack for each in findings if each.verdict is Verdict.HELD}
    assert reached == set(model_attacks.MODEL_ATTACKS)


def test_every_attack_on_the_context_holds(raid: Raid) -> None:
    findings = list(attack_context(raid, loot_of(raid.victim.tenant, raid.attacker.tenant)))
    assert assert_held(findings) == len(context_attacks.CONTEXT_ATTACKS)


def test_every_attack_on_caches_holds(raid: Raid) -> None:
    assert assert_held(attack_caches(raid, loot_of(raid.victim.tenant, raid.attacker.tenant))) == 2


def test_what_every_form_offers_is_no_secret(raid: Raid) -> None:
    with tenant_scope(raid.victim.tenant):
        make_payment_type("BERLIN_TRANSFER", cut_off_time="15:00", time_zone="Europe/Berlin", rail_fallbacks=["simulator_instant"])
    texts = loot_of(raid.victim.tenant, raid.attacker.tenant).texts
    assert "BERLIN_TRANSFER" in texts
    assert "Europe/Berlin" not in texts


def test_a_text_the_attacker_has_in_another_column_is_no_secret(raid: Raid) -> None:
    with tenant_scope(raid.attacker.tenant):
        make_customer("Grace Hopper")
    with tenant_scope(raid.victim.tenant):
        make_message(initiating_party_name="Grace Hopper", created_by="Katherine Johnson")
    texts = loot_of(raid.victim.tenant, raid.attacker.tenant).texts
    assert "Katherine Johnson" in texts
    assert "Grace Hopper" not in texts


# --- Attacks see what they are meant to see --------------------------------------------------------------------------


@pytest.fixture
def customers(two_furnished: tuple[TenantRecord, TenantRecord]) -> str:
    """The victim's table of customers."""
    return f'"{two_furnished[1].schema}".customers'


def test_row_level_security_switched_off_is_seen(raid: Raid, customers: str, planted: Plant) -> None:
    planted(f"ALTER TABLE {customers} DISABLE ROW LEVEL SECURITY", undo=f"ALTER TABLE {customers} ENABLE ROW LEVEL SECURITY")
    found = leaks(attack_tables(raid))
    assert {table for _, table in found} == {"customers"}
    assert {attack for attack, _ in found} >= {
        "read, no tenant ever set",
        "read, app.current_tenant = ''",
        "read, filtered on the other tenant",
        "read everything, keep what is not one's own",
        "read by id",
        "join with itself by id",
        "SELECT FOR UPDATE",
        "COPY TO",
        "COPY TO, no tenant",
        "COPY FROM",
        "SET row_security = off",
        "RESET ALL",
        "UPDATE",
        "UPDATE, take rows over",
        "INSERT for the other tenant",
        "INSERT … ON CONFLICT DO UPDATE",
        "make an error tell (division by zero)",
    }


def test_row_level_security_switched_off_is_seen_through_the_orm(raid: Raid, customers: str, planted: Plant) -> None:
    planted(f"ALTER TABLE {customers} DISABLE ROW LEVEL SECURITY", undo=f"ALTER TABLE {customers} ENABLE ROW LEVEL SECURITY")
    loot = loot_of(raid.victim.tenant, raid.attacker.tenant)
    found = {attack for attack, target in leaks(attack_models(raid, loot)) if target == "Customer"}
    expected = set(model_attacks.MODEL_ATTACKS) - {"a value that is SQL", "the owner's own scope, as a control"}
    if raid.attacker.tenant.schema == raid.victim.tenant.schema:
        assert found >= expected - {"delete()", "relations of their object", "bulk_create() for the other tenant"}


def test_a_policy_for_reading_only_is_not_enough(raid: Raid, customers: str, planted: Plant) -> None:
    planted(f"CREATE POLICY everybody ON {customers} USING (true) WITH CHECK (true)", undo=f"DROP POLICY everybody ON {customers}")
    assert ("read by id", "customers") in leaks(attack_tables(raid))


@pytest.mark.parametrize(
    ("attack", "plant", "undo"),
    [
        ("TRUNCATE", "GRANT TRUNCATE ON {t} TO payment_engine_role", "REVOKE TRUNCATE ON {t} FROM payment_engine_role"),
        ("CREATE TRIGGER, RULE, INDEX", "GRANT TRIGGER ON {t} TO payment_engine_role", "REVOKE TRIGGER ON {t} FROM payment_engine_role"),
        ("unique index tells what exists", "ALTER TABLE {t} ADD CONSTRAINT ids UNIQUE (id)", "ALTER TABLE {t} DROP CONSTRAINT ids"),
    ],
)
def test_what_else_could_be_granted_is_seen(two_furnished: object, request: Any, attack: str, plant: str, undo: str) -> None:
    raid, customers, planted = (request.getfixturevalue(name) for name in ("raid", "customers", "planted"))
    planted(plant.format(t=customers), undo=undo.format(t=customers))
    assert (attack, "customers") in leaks(attack_tables(raid, [attack]))


def test_a_lock_that_nothing_ends_is_seen(raid: Raid) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
    assert ("LOCK TABLE", "customers") in leaks(attack_tables(raid, ["LOCK TABLE"]))
    connection.close()


def test_a_function_of_the_owner_is_seen(raid: Raid, customers: str, planted: Plant) -> None:
    planted(
        f"CREATE FUNCTION public.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM {customers});"
        " GRANT EXECUTE ON FUNCTION public.peek() TO payment_engine_role",
        undo="DROP FUNCTION public.peek()",
    )
    assert "functions that run as their owner" in {attack for attack, _ in leaks(attack_session(raid))}


def test_a_schema_open_to_everybody_is_seen(raid: Raid, planted: Plant) -> None:
    planted("GRANT CREATE ON SCHEMA public TO PUBLIC", undo="REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    assert "objects of one's own" in {attack for attack, _ in leaks(attack_session(raid))}


def test_a_search_path_that_puts_temporary_tables_first_is_seen(raid: Raid, planted: Plant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
    connection.close()
    path = f'ALTER DATABASE "{database}" SET search_path = payment_engine, public'
    planted(path, undo=f"{path}, pg_temp")
    grant = f'TEMPORARY ON DATABASE "{database}"'
    planted(f"GRANT {grant} TO payment_engine_role", undo=f"REVOKE {grant} FROM payment_engine_role")
    assert "temporary table in a registry table's place" in {attack for attack, _ in leaks(attack_session(raid))}
