"""The verification finds what nothing else would: each kind of damage, done by an operator of the database with the triggers off."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from accounts.operations.fold import fold_balances
from accounts.queries.verify import LEDGER_CHECKS, Check, run_checks, verify_ledger
from payments.models import Payment
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from payments.queries.verify import PAYMENT_CHECKS, verify_tenant
from tenants.context import tenant_scope
from tenants.errors import TenantRequired
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

TABLES = ("accounts", "journals", "postings", "balance_deltas", "transactions", "reversals")
OF_THE_PAYMENT = "journal_id = (SELECT id FROM journals WHERE kind = 'PAYMENT')"
DAMAGE: list[tuple[str, str, set[str]]] = [
    (
        "a leg changed",
        f"UPDATE postings SET amount_minor = amount_minor - 1 WHERE line = 0 AND {OF_THE_PAYMENT}",
        {"journals sum to zero", "booked is the sum of postings", "balances follow one another", "legs are amount and fee"},
    ),
    (
        "both legs changed",
        f"UPDATE postings SET amount_minor = amount_minor * 2 WHERE line < 2 AND {OF_THE_PAYMENT}",
        {"booked is the sum of postings", "balances follow one another", "legs are amount and fee"},
    ),
    (
        "a charge deleted",
        "DELETE FROM postings WHERE line >= 2",
        {
            "journals are complete",
            "booked is the sum of postings",
            "versions have no gap",
            "balances follow one another",
            "legs are amount and fee",
        },
    ),
    (
        "a journal deleted",
        "DELETE FROM journals WHERE kind = 'PAYMENT'",
        {"journals are complete", "booked payments have one journal"},
    ),
    ("a balance changed", "UPDATE accounts SET booked_minor = booked_minor + 1 WHERE name = 'Ada'", {"booked is the sum of postings"}),
    (
        "a shared balance changed",
        "UPDATE accounts SET booked_minor = booked_minor + 1 WHERE role = 'FEE'",
        {"booked is the sum of postings"},
    ),
    ("a delta lost", "DELETE FROM balance_deltas", {"booked is the sum of postings"}),
    (
        "a delta on a customer's account",
        "UPDATE balance_deltas SET account_id = (SELECT id FROM accounts WHERE name = 'Ada')",
        {"deltas wait on append-only accounts", "booked is the sum of postings"},
    ),
    ("a version skipped", "UPDATE accounts SET version = version + 1 WHERE name = 'Ada'", {"versions have no gap"}),
    (
        "the first posting renumbered",
        "UPDATE postings SET account_version = 9 WHERE account_version = 1 AND balance_after_minor = 10000",
        {"versions have no gap", "balances follow one another", "versions are in the order of time"},
    ),
    (
        "a balance after changed",
        "UPDATE postings SET balance_after_minor = 7 WHERE account_version = 2",
        {"balances follow one another"},
    ),
    (
        "a posting told to be of an earlier day",
        f"UPDATE postings SET created_at = created_at - interval '1 day' WHERE line = 0 AND {OF_THE_PAYMENT}",
        {"versions are in the order of time"},
    ),
    ("a used limit forgotten", "UPDATE limit_usages SET amount_minor = 0, count = 0", {"limits are used as the payments say"}),
    (
        "a limit counted too far",
        "UPDATE limit_usages SET counted_until = now() - interval '1 day'",
        {"limits are used as the payments say"},
    ),
    ("a held amount", "UPDATE accounts SET held_minor = 1 WHERE name = 'Ada'", {"held is the sum of holds"}),
    (
        "an account below its limit",
        "ALTER TABLE accounts DROP CONSTRAINT account_available_not_negative; UPDATE accounts SET held_minor = 999999 WHERE name = 'Ada'",
        {"held is the sum of holds", "nobody is below their limit"},
    ),
    (
        "a currency changed",
        "UPDATE postings SET currency = 'USD' WHERE journal_id = (SELECT id FROM journals WHERE kind = 'REVERSAL')",
        {"postings fit their accounts"},
    ),
    (
        "a version on a shared account",
        "UPDATE accounts SET append_only = true, role = 'NOSTRO' WHERE name = 'Ada'",
        {"postings fit their accounts"},
    ),
    (
        "an amount changed",
        "UPDATE transactions SET amount_minor = amount_minor + 1",
        {"legs are amount and fee", "limits are used as the payments say"},
    ),
    ("a fee changed", "UPDATE transactions SET fee_minor = 0", {"legs are amount and fee"}),
    (
        "a journal that names no payment",
        "UPDATE journals SET payment_id = NULL WHERE kind = 'PAYMENT'",
        {"booked payments have one journal", "payments' journals have a payment"},
    ),
    (
        "a payment that failed after all",
        "UPDATE transactions SET status = 'FAILED'",
        {"booked payments have one journal", "limits are used as the payments say"},
    ),
    ("a payment that names another journal", "UPDATE transactions SET journal_id = id", {"booked payments have one journal"}),
    ("a reversal lost", "DELETE FROM reversals", {"reversals add up", "reversals have their journals"}),
    ("a reversal grown", "UPDATE reversals SET amount_minor = amount_minor + 1", {"reversals add up", "reversals have their journals"}),
    ("a reversed amount changed", "UPDATE transactions SET reversed_minor = 0", {"reversals add up"}),
    ("a payment called reversed", "UPDATE transactions SET reversed_minor = amount_minor", {"reversals add up"}),
]


@pytest.fixture
def books(in_tenant_a: TenantRecord, tenant_b: TenantRecord, transactional_db: None) -> TenantRecord:
    """Both tenants: an account with 100.00, a payment of 25.00 with a fee of 1.00, reversed by 5.00; deltas not folded."""
    for tenant in (tenant_b, in_tenant_a):
        with tenant_scope(tenant):
            make_payment_type("DEMO_TRANSFER", processing_fee="1.00", daily_limit=1_000)
            ada, bob = make_account(funds_minor=10_000, name="Ada"), make_account(name="Bob")
            fold_balances()
            [outcome] = submit_payments([payment(ada, bob, 2_500, payment_type="DEMO_TRANSFER")])
            assert outcome.payment is not None
            reverse_payment(payment_id=outcome.payment.id, amount_minor=500, reason="Too much")
    return in_tenant_a


@pytest.fixture
def operator(owner_connection: psycopg.Connection[Any], books: TenantRecord) -> Iterator[psycopg.Connection[Any]]:
    """Works in tenant A's rows with no trigger in the way; the constraint some damage removes is put back."""
    constraint = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'account_available_not_negative'"
    definition = owner_connection.execute(constraint).fetchone()
    assert definition is not None
    owner_connection.execute(f"SET search_path = \"{books.schema}\"; SET app.current_tenant = '{books.slug}'")
    for table in TABLES:
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield owner_connection
    owner_connection.execute("UPDATE accounts SET held_minor = 0")
    owner_connection.execute("ALTER TABLE accounts DROP CONSTRAINT IF EXISTS account_available_not_negative")
    owner_connection.execute(f"ALTER TABLE accounts ADD CONSTRAINT account_available_not_negative {definition[0]}")
    for table in TABLES:
        owner_connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def failed_checks() -> set[str]:
    return {verdict.check for verdict in verify_tenant() if verdict.violation_count}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("damage", "expected"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage_is_found(operator: psycopg.Connection[Any], tenant_b: TenantRecord, damage: str, expected: set[str]) -> None:
    assert failed_checks() == set()
    for statement in damage.split("; "):
        operator.execute(statement.encode())
    assert failed_checks() == expected
    with tenant_scope(tenant_b):
        assert failed_checks() == set()


@pytest.mark.django_db(transaction=True)
class TestCommand:
    def test_clean_books(self, books: TenantRecord) -> None:
        out = StringIO()
        call_command("verify_ledger", stdout=out, no_color=True)
        assert "no violation in 2 tenants" in out.getvalue()
        assert out.getvalue().count(" ok\n") == 2 * len(verify_tenant())

    def test_each_violation_is_named(self, operator: psycopg.Connection[Any], books: TenantRecord, tenant_b: TenantRecord) -> None:
        operator.execute("UPDATE accounts SET booked_minor = booked_minor + 1 WHERE name IN ('Ada', 'Bob')")
        out = StringIO()
        with pytest.raises(CommandError, match="2 violations in 2 tenants"):
            call_command("verify_ledger", stdout=out, no_color=True)
        for account in Account.objects.filter(name__in=["Ada", "Bob"]):
            assert f"account {account.id}: booked {account.booked_minor}, postings sum to {account.booked_minor - 1}" in out.getvalue()
        call_command("verify_ledger", tenant=tenant_b.reference, stdout=StringIO())
        with pytest.raises(CommandError, match="there is no such tenant"):
            call_command("verify_ledger", tenant="nobody")

    def test_json(self, operator: psycopg.Connection[Any], books: TenantRecord) -> None:
        operator.execute("DELETE FROM balance_deltas")
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_ledger", tenant=books.slug, json=True, stdout=out)
        document = json.loads(out.getvalue())
        [wrong] = [verdict for verdict in document["tenants"][books.slug] if verdict["violation_count"]]
        assert (document["violations"], wrong["check"], len(wrong["violations"])) == (1, "booked is the sum of postings", 1)


@pytest.mark.django_db
def test_without_a_tenant_there_is_no_verdict() -> None:
    with pytest.raises(TenantRequired):
        verify_ledger()


@pytest.mark.django_db
def test_what_was_looked_at_is_counted(in_tenant_a: TenantRecord) -> None:
    make_account(funds_minor=1)
    checked = {verdict.check: verdict.checked for verdict in verify_tenant()}
    assert (checked["journals sum to zero"], checked["postings fit their accounts"], checked["versions have no gap"]) == (1, 2, 2)
    assert checked["booked payments have one journal"] == Payment.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_it_takes_as_long_as_the_books_are_thick(tenant_a: TenantRecord) -> None:
    timeouts = Check(name="timeouts", subjects="accounts", violations="SELECT 'statement', current_setting('statement_timeout')")
    with tenant_scope(tenant_a), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)
        assert [each.detail for each in run_checks([timeouts])[0].violations] == ["0"]
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)


@pytest.mark.parametrize("check", [*LEDGER_CHECKS, *PAYMENT_CHECKS], ids=lambda check: check.name)
def test_no_check_reads_a_table_once_per_row_of_another(tenant_a: TenantRecord, check: Check) -> None:
    """Statistics may be of before the last file was booked: of its 10,000 payments one check read all postings for each."""
    seen: list[Any] = []

    def explain(execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        if statement.startswith("SELECT subject"):
            context["cursor"].execute("SET LOCAL enable_seqscan = off")  # of one page even the whole is quick; thick books have more
            context["cursor"].execute(f"EXPLAIN (FORMAT JSON) {statement}")
            seen.extend(context["cursor"].fetchone()[0])
        return execute(statement, parameters, many, context)

    with tenant_scope(tenant_a), connection.execute_wrapper(explain):
        run_checks([check])
    assert len(seen) == 1
    inner = list(_inner_sides(seen[0]["Plan"]))
    assert "Seq Scan" not in {node["Node Type"] for node in inner}
    # Of a limit's account the payments of its window: by which index is up to the statistics, which may not know of any payment yet.
    assert {node["Relation Name"] for node in inner if "Relation Name" in node} <= {"transactions"}


def _inner_sides(plan: Any) -> Iterator[Any]:
    """What is carried out once for each row of a nested loop's outer side."""
    for child in plan.get("Plans", []):
        if plan["Node Type"] == "Nested Loop" and child["Parent Relationship"] == "Inner":
            yield from _nodes(child)
        yield from _inner_sides(child)


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)
