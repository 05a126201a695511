"""What a payment reads does not grow with what was booked before it."""

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from accounts.models import Account
from payments.operations.submit import submit_payments
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = pytest.mark.django_db(transaction=True)


def postings_read(debtor: Account, creditor: Account) -> int:
    """Rows that one payment's plans took out of the table, whether they were what was looked for or not."""
    with transaction.atomic():
        before = _read_so_far()
        submit_payments([payment(debtor, creditor)])
        return _read_so_far() - before


def _read_so_far() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relid = 'postings'::regclass")
        read: int = cursor.fetchone()[0]
    return read


def test_plans_of_a_small_table_do_not_read_a_large_one(in_tenant_a: TenantRecord, owner_connection: psycopg.Connection[Any]) -> None:
    make_payment_type()
    ada, bob = make_account(overdraft_limit_minor=100_000), make_account(overdraft_limit_minor=100_000)
    submit_payments([payment(ada, bob)])
    owner_connection.execute(sql.SQL("ANALYZE {}.postings").format(sql.Identifier(in_tenant_a.schema)))
    at_first = postings_read(ada, bob)
    submit_payments([payment(ada, bob) for _ in range(300)])
    assert postings_read(bob, ada) <= at_first
