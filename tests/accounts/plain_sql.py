"""Writing to the ledger the way only a mistake would: plain SQL, with the application's login."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import Account
from accounts.operations.shared_accounts import ensure_shared_account
from payment_engine.ids import new_id
from tenants.context import current_tenant_id

DAY = date(2026, 1, 2)
Leg = tuple[UUID, int, str, int | None, int | None]


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def insert_journal(posting_count: int = 2, kind: str = "MANUAL", payment_id: UUID | None = None) -> UUID:
    journal_id = new_id()
    columns = "id, tenant_id, kind, description, value_date, posting_count, created_by, payment_id"
    values = journal_id, current_tenant_id(), kind, DAY, posting_count, payment_id
    sql(f"INSERT INTO journals ({columns}) VALUES (%s, %s, %s, '', %s, %s, '', %s)", *values)
    return journal_id


def insert_postings(journal_id: UUID, *legs: Leg, first_line: int = 0, tenant_id: str | None = None, at: datetime | None = None) -> None:
    """Legs are (account, minor units, currency, version, balance after), all in one statement. Balances move with them."""
    columns = (
        "id, tenant_id, journal_id, line, account_id, amount_minor, currency, account_version, balance_after_minor, value_date, created_at"
    )
    values: list[Any] = []
    for line, leg in enumerate(legs, first_line):
        values += [new_id(), tenant_id or current_tenant_id(), journal_id, line, *leg, DAY, at or datetime.now(UTC)]
    rows = ", ".join([f"({', '.join(['%s'] * 11)})"] * len(legs))
    sql(f"INSERT INTO postings ({columns}) VALUES {rows}", *values)


def post_at(account: Account, amount_minor: int, at: datetime) -> None:
    """An opening balance of an earlier moment, complete in all its parts."""
    equity = ensure_shared_account(role="EQUITY", currency=account.currency)
    account.refresh_from_db()
    version, balance = account.version + 1, account.booked_minor + amount_minor
    legs = (equity, -amount_minor, account.currency, None, None), (account.id, amount_minor, account.currency, version, balance)
    insert_postings(insert_journal(), *legs, at=at)
