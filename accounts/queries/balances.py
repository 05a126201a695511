"""What an account holds, now or at an earlier moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.errors import AccountUnknown
from accounts.queries.accounts import account_with_balances, booked_now_minor
from accounts.queries.versions import last_version
from tenants.context import current_tenant_id

# An append-only account has no balance after each posting: what came later is taken off what there is now, because
# questions about the past are mostly about the recent past. One statement, so that both are of one moment.
_BOOKED_AT: Final = f"""
SELECT a.currency, CASE WHEN a.append_only
    THEN a.booked_minor
        + coalesce((SELECT sum(d.amount_minor) FROM balance_deltas d WHERE d.account_id = a.id), 0)
        - coalesce((SELECT sum(p.amount_minor) FROM postings p
            WHERE p.account_id = a.id AND p.account_version IS NULL AND p.created_at > %(as_of)s), 0)
    ELSE coalesce((
        SELECT p.balance_after_minor FROM postings p
        WHERE p.account_id = a.id AND p.account_version = {last_version("p.created_at <= %(as_of)s")}), 0) END
FROM accounts a WHERE a.id = %(account_id)s"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Minor units, credit positive. Held and available are known of the present only."""

    currency: str
    booked_minor: int
    held_minor: int | None = None
    available_minor: int | None = None


def balance_at(account_id: UUID, as_of: datetime | None = None) -> Balance:
    """The balance now, or booked after the last posting up to and including `as_of`. Raises AccountUnknown."""
    if as_of is None:
        account = account_with_balances(account_id)
        booked = booked_now_minor(account)
        available = booked - account.held_minor + account.overdraft_limit_minor
        return Balance(currency=account.currency, booked_minor=booked, held_minor=account.held_minor, available_minor=available)
    current_tenant_id()  # raises TenantRequired
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED_AT, {"account_id": account_id, "as_of": as_of})
        row = cursor.fetchone()
    if row is None:
        raise AccountUnknown("there is no such account")
    currency, booked_minor = row
    return Balance(currency=currency, booked_minor=int(booked_minor))  # a shared account's may be more than a bigint holds
