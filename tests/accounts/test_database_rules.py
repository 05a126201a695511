"""What PostgreSQL itself refuses, whoever writes: each rule of the ledger broken by plain SQL with the application's login."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from accounts.models import Account, BalanceDelta, Posting
from accounts.operations.accounts import close_account, freeze_account
from accounts.queries.balances import balance_at
from accounts.queries.verify import verify_ledger
from payment_engine.ids import new_id
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.accounts.plain_sql import Leg, insert_journal, insert_postings, sql
from tests.factories import make_account, make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.diag.constraint_name == constraint


@pytest.fixture
def ada() -> Account:
    """Holds 10.00 EUR after one posting."""
    return make_account(funds_minor=1000)


@pytest.fixture
def bob() -> Account:
    """Holds nothing, was never posted to."""
    return make_account()


def transfer(ada: Account, bob: Account, out: int = -100, into: int = 100) -> Sequence[Leg]:
    return (ada.id, out, "EUR", 2, 1000 + out), (bob.id, into, "EUR", 1, into)


class TestJournals:
    def test_legs_sum_to_zero(self, ada: Account, bob: Account) -> None:
        with refused_by("journal_balances"):
            insert_postings(insert_journal(), *transfer(ada, bob, -100, 99))

    def test_legs_sum_to_zero_in_each_currency(self, ada: Account) -> None:
        yen = make_account("JPY")
        with refused_by("journal_balances"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", 2, 900), (yen.id, 100, "JPY", 1, 100))

    def test_all_legs_come_at_once(self, ada: Account, bob: Account) -> None:
        with refused_by("journal_complete"):
            insert_postings(insert_journal(posting_count=4), *transfer(ada, bob))

    def test_no_leg_comes_later(self, ada: Account, bob: Account) -> None:
        journal_id = insert_journal()
        insert_postings(journal_id, *transfer(ada, bob))
        later: Sequence[Leg] = (ada.id, -1, "EUR", 3, 899), (bob.id, 1, "EUR", 2, 101)
        with refused_by("journal_complete"):
            insert_postings(journal_id, *later, first_line=2)
        with refused_by("postings_pkey"):
            insert_postings(journal_id, *later)

    def test_legs_belong_to_a_journal(self, ada: Account, bob: Account) -> None:
        with refused_by("journal_complete"):
            insert_postings(new_id(), *transfer(ada, bob))

    def test_there_are_two_legs(self) -> None:
        with refused_by("journal_has_two_postings"):
            insert_journal(posting_count=1)

    def test_a_leg_moves_something(self, ada: Account, bob: Account) -> None:
        with refused_by("posting_amount_not_zero"):
            insert_postings(insert_journal(), *transfer(ada, bob, 0, 0))


class TestPostingsFitTheirAccounts:
    def test_currency(self, ada: Account) -> None:
        yen = make_account("JPY")
        with refused_by("posting_fits_account"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", 2, 900), (yen.id, 100, "EUR", 1, 100))

    @pytest.mark.parametrize(("version", "balance_after"), [(2, 901), (2, 1100), (3, 900), (1, 900), (0, -100)])
    def test_chain_of_versions_and_balances(self, ada: Account, bob: Account, version: int, balance_after: int) -> None:
        constraint = "posting_version_unique_per_account" if version == 1 else "posting_fits_account"
        with refused_by(constraint):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", version, balance_after), (bob.id, 100, "EUR", 1, 100))

    def test_an_account_that_is_not_shared_counts_its_postings(self, ada: Account, bob: Account) -> None:
        with refused_by("posting_fits_account"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", None, None), (bob.id, 100, "EUR", 1, 100))

    def test_a_shared_account_does_not(self, ada: Account) -> None:
        equity = Account.objects.get(role="EQUITY", currency="EUR")
        with refused_by("posting_fits_account"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", 2, 900), (equity.id, 100, "EUR", 1, 100))

    def test_version_and_balance_come_together(self, ada: Account, bob: Account) -> None:
        with refused_by("posting_version_with_balance"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", 2, None), (bob.id, 100, "EUR", 1, 100))

    def test_another_tenants_account_is_no_account(self, ada: Account, tenant_b: TenantRecord) -> None:
        with tenant_scope(tenant_b):
            theirs = make_account()
        with refused_by("posting_fits_account"):
            insert_postings(insert_journal(), (ada.id, -100, "EUR", 2, 900), (theirs.id, 100, "EUR", 1, 100))

    def test_another_tenants_postings_can_not_be_written(self, ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            insert_postings(insert_journal(), *transfer(ada, bob), tenant_id=tenant_b.slug)


class TestBalances:
    def test_booked_moves_only_with_a_posting(self, ada: Account) -> None:
        for change in ("booked_minor = 5000", "booked_minor = 5000, version = 2", "version = 2"):
            with refused_by("account_booked_is_posted"):
                sql(f"UPDATE accounts SET {change} WHERE id = %s", ada.id)

    def test_an_account_starts_empty(self, ada: Account) -> None:
        columns = "number, name, currency, type, role, status, overdraft_limit_minor, held_minor, append_only, tenant_id, customer_id"
        copied = columns.replace("number", "'copy'")
        for version in (0, 1):
            with refused_by("account_booked_is_posted"):
                sql(
                    f"INSERT INTO accounts (id, booked_minor, version, {columns}) SELECT %s, 1, %s, {copied} FROM accounts WHERE id = %s",
                    new_id(),
                    version,
                    ada.id,
                )

    def test_nobody_goes_below_the_limit(self, ada: Account, bob: Account) -> None:
        with refused_by("account_available_not_negative"):
            insert_postings(insert_journal(), *transfer(ada, bob, -1001, 1001))

    def test_what_is_held_is_not_available(self, ada: Account) -> None:
        with refused_by("account_available_not_negative"):
            sql("UPDATE accounts SET held_minor = 1001 WHERE id = %s", ada.id)
        with refused_by("account_held_not_negative"):
            sql("UPDATE accounts SET held_minor = -1 WHERE id = %s", ada.id)

    def test_postings_move_the_balances_they_explain(self, ada: Account, bob: Account) -> None:
        """Of accounts that count their postings at once, of the others as one delta for each statement."""
        equity = Account.objects.get(role="EQUITY", currency="EUR")
        before = balance_at(equity.id).booked_minor
        insert_postings(insert_journal(), *transfer(ada, bob))
        again = (
            (ada.id, -50, "EUR", 3, 850),
            (ada.id, -30, "EUR", 4, 820),
            (equity.id, 60, "EUR", None, None),
            (equity.id, 20, "EUR", None, None),
        )
        insert_postings(insert_journal(posting_count=4), *again)
        stored = Account.objects.filter(id__in=(ada.id, bob.id)).values_list("id", "booked_minor", "version")
        assert set(stored) == {(ada.id, 820, 4), (bob.id, 100, 1)}
        assert balance_at(equity.id).booked_minor == before + 80
        assert BalanceDelta.objects.filter(account_id=equity.id, amount_minor=80, posting_count=2).count() == 1
        assert not [verdict for verdict in verify_ledger() if verdict.violation_count]

    def test_nobody_else_is_a_trigger_that_moves_balances(self, ada: Account) -> None:
        """Neither with a trigger function of the engine on a table of one's own, nor with a function of one's own."""
        for statement in (
            "CREATE TEMPORARY TABLE fakes (LIKE postings)",
            "CREATE FUNCTION pg_temp.fake() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER fake AFTER INSERT ON journals EXECUTE FUNCTION book_new_postings()",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                sql(statement)

    def test_deltas_come_with_postings(self, ada: Account) -> None:
        equity = Account.objects.get(role="EQUITY", currency="EUR")
        with refused_by("delta_is_posted"):
            BalanceDelta.objects.create(account_id=equity.id, amount_minor=1, posting_count=1)
        with refused_by("delta_is_posted"):
            BalanceDelta.objects.update(amount_minor=1)

    def test_a_shared_balance_moves_only_with_its_deltas(self, ada: Account) -> None:
        equity = Account.objects.get(role="EQUITY", currency="EUR")
        for change in ("booked_minor = 5000", "booked_minor = booked_minor + 1, version = 1", "version = 1"):
            with refused_by("account_booked_is_posted"):
                sql(f"UPDATE accounts SET {change} WHERE id = %s", equity.id)
        columns = "tenant_id, customer_id, name, currency, type, status, overdraft_limit_minor, held_minor, append_only"
        with refused_by("account_booked_is_posted"):
            sql(
                f"INSERT INTO accounts (id, number, booked_minor, version, role, {columns})"
                f" SELECT %s, 'copy', 777, 0, 'SUSPENSE', {columns} FROM accounts WHERE id = %s",
                new_id(),
                equity.id,
            )

    def test_deltas_that_are_deleted_are_folded(self, ada: Account) -> None:
        equity = Account.objects.get(role="EQUITY", currency="EUR")
        assert (equity.booked_minor, balance_at(equity.id).booked_minor) == (0, -1000)
        BalanceDelta.objects.all().delete()
        equity.refresh_from_db()
        assert (equity.booked_minor, balance_at(equity.id).booked_minor) == (-1000, -1000)
        assert not [verdict for verdict in verify_ledger() if verdict.violation_count]

    @pytest.mark.parametrize("change", ["booked_minor = 0, version = 0", "held_minor = 100"])
    def test_a_session_switched_within_the_statement_is_refused(self, ada: Account, tenant_b: TenantRecord, change: str) -> None:
        """When the trigger looks, row-level security would show it none of the postings and holds it asks for."""
        with refused_by("own_schema_first"):
            sql(f"UPDATE accounts SET {change} WHERE id = %s RETURNING set_config('app.current_tenant', %s, true)", ada.id, tenant_b.slug)

    @pytest.mark.parametrize("change", ["booked_minor = 0, version = 0", "held_minor = 100"])
    def test_another_schemas_tables_do_not_answer_for_these(self, ada: Account, in_tenant_a: TenantRecord, change: str) -> None:
        other = "public" if in_tenant_a.schema == "payment_engine" else "payment_engine"
        with refused_by("own_schema_first"):
            sql(f"SET LOCAL search_path = {other}, {in_tenant_a.schema}")
            sql(f'UPDATE "{in_tenant_a.schema}".accounts SET {change} WHERE id = %s', ada.id)

    def test_a_chain_has_no_broken_link(self, ada: Account, bob: Account) -> None:
        """First and last posting fit the account, the one between them does not."""
        with refused_by("posting_fits_account"):
            links: Sequence[Leg] = (ada.id, -50, "EUR", 2, 950), (ada.id, -30, "EUR", 3, 930), (ada.id, -20, "EUR", 4, 900)
            insert_postings(insert_journal(posting_count=4), *links, (bob.id, 100, "EUR", 1, 100))


class TestWhatIsPostedStays:
    @pytest.mark.parametrize("table", ["postings", "journals"])
    @pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_application_has_no_right_to_change_it(self, ada: Account, table: str, statement: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            sql(statement.format(table))
        assert Posting.objects.count() == 2

    @pytest.mark.parametrize("table", ["accounts", "customers"])
    def test_the_application_has_no_right_to_delete(self, ada: Account, table: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            sql(f"DELETE FROM {table}")

    @pytest.mark.parametrize(
        "change",
        [
            "currency = 'USD'",
            "append_only = true, role = 'FEE', customer_id = NULL",
            "role = 'NOSTRO', customer_id = NULL",
            "type = 'ASSET'",
            "customer_id = (SELECT id FROM customers WHERE name = 'Eve')",
            "iban = 'GB82WEST12345698765432'",
            "number = '4711'",
            "id = gen_random_uuid()",
        ],
    )
    def test_an_account_keeps_its_owner_its_names_and_its_kind(self, ada: Account, change: str) -> None:
        make_customer("Eve")
        with refused_by("accounts_immutable"):
            sql(f"UPDATE accounts SET {change} WHERE id = %s", ada.id)

    def test_a_closed_account_is_empty_and_stays_closed(self, ada: Account, bob: Account) -> None:
        with refused_by("account_closed_is_empty"):
            sql("UPDATE accounts SET status = 'CLOSED' WHERE id = %s", ada.id)
        close_account(account_id=bob.id)
        with refused_by("accounts_immutable"):
            sql("UPDATE accounts SET status = 'OPEN' WHERE id = %s", bob.id)
        with refused_by("posting_fits_account"):
            insert_postings(insert_journal(), *transfer(ada, bob))

    @pytest.mark.parametrize(
        ("column", "value", "constraint"),
        [
            ("status", "'LOST'", "account_status_known"),
            ("currency", "'eur'", "account_currency_well_formed"),
            ("overdraft_limit_minor", "-1", "account_overdraft_not_negative"),
            ("customer_id", "NULL", "account_customer_has_owner"),
            ("append_only", "true", "account_customer_has_owner"),
        ],
    )
    def test_an_account_is_sound_from_the_first_to_the_last(self, ada: Account, column: str, value: str, constraint: str) -> None:
        freeze_account(account_id=ada.id)
        with refused_by(constraint):
            sql(f"UPDATE accounts SET {column} = {value} WHERE id = %s", ada.id)
        values = {"id": "gen_random_uuid()", "number": "'copy'", column: value}
        given = "id, tenant_id, number, name, currency, type, role, status, overdraft_limit_minor, booked_minor, held_minor, version"
        names = f"{given}, append_only, customer_id".split(", ")
        copied = ", ".join(values.get(name, name) for name in names)
        with refused_by(constraint):
            sql(f"INSERT INTO accounts ({', '.join(names)}) SELECT {copied} FROM accounts WHERE id = %s", ada.id)

    def test_nothing_is_held_on_a_closed_account(self, bob: Account) -> None:
        sql("UPDATE accounts SET overdraft_limit_minor = 100 WHERE id = %s", bob.id)
        close_account(account_id=bob.id)
        with refused_by("account_closed_is_empty"):
            sql("UPDATE accounts SET held_minor = 100 WHERE id = %s", bob.id)

    def test_the_bank_has_one_shared_account_of_each_role_and_currency(self, ada: Account) -> None:
        with refused_by("account_shared_role_unique_per_currency"):
            Account.objects.create(number="second", name="Second", currency="EUR", type="EQUITY", role="EQUITY", append_only=True)


@pytest.mark.parametrize("table", ["postings", "journals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_not_even_the_owner_changes_what_is_posted(
    owner_connection: psycopg.Connection[Any], in_tenant_a: TenantRecord, table: str, statement: str
) -> None:
    name = f'"{in_tenant_a.schema}"."{table}"'
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner_connection.execute(statement.format(name))
