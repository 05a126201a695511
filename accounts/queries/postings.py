"""What was posted to an account, newest first."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.queries.versions import last_version
from tenants.context import current_tenant_id

_PAGE: Final = """
SELECT p.id, p.journal_id, j.kind, p.amount_minor, p.currency, p.balance_after_minor, p.value_date, p.created_at, j.description,
    j.payment_id
FROM (SELECT * FROM postings WHERE account_id = %(account_id)s AND {within} ORDER BY {order} LIMIT %(limit)s) p
JOIN journals j ON j.id = p.journal_id
ORDER BY {order}"""
# Either way a page is a range of one index: every one costs the same, however deep. Versions are in the order of (created_at, id).
_BY_VERSION: Final = _PAGE.format(
    within="account_version > %(first)s AND account_version <= %(last)s",
    order="account_version DESC",
)
_BY_TIME: Final = _PAGE.format(
    within="account_version IS NULL AND created_at >= %(since)s AND (created_at, id) < (%(until)s, %(until_id)s)",
    order="created_at DESC, id DESC",
)
_BOUNDS: Final = f"""
SELECT a.append_only,
    CASE WHEN %(since)s::timestamptz = '-infinity' THEN 0 ELSE {last_version("p.created_at < %(since)s")} END,
    CASE WHEN %(until)s::timestamptz = 'infinity' THEN a.version ELSE {last_version("(p.created_at, p.id) < (%(until)s, %(until_id)s)")} END
FROM accounts a WHERE a.id = %(account_id)s"""  # noqa: S608  # constants
_BEFORE_ALL: Final = "-infinity"
_AFTER_ALL: Final = "infinity"
_LAST_ID: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRow:
    """A posting and what its journal says; `balance_after_minor` is None on an append-only account."""

    id: UUID
    journal_id: UUID
    kind: str
    amount_minor: int
    currency: str
    balance_after_minor: int | None
    value_date: date
    created_at: datetime
    description: str
    payment_id: UUID | None


def postings_page(
    account_id: UUID,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[PostingRow]:
    """Up to `limit` postings beyond the position `after`, created from `since` to `until` (both included)."""
    current_tenant_id()  # raises TenantRequired
    position: tuple[datetime | str, UUID] = (until or _AFTER_ALL, _LAST_ID)
    if after is not None and (until is None or after[0] <= until):
        position = after
    parameters = {"account_id": account_id, "since": since or _BEFORE_ALL, "until": position[0], "until_id": position[1], "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_BOUNDS, parameters)
        append_only, first, last = cursor.fetchone() or (True, 0, 0)
        cursor.execute(_BY_TIME if append_only else _BY_VERSION, parameters | {"first": first, "last": last})
        return [
            PostingRow(
                id=row[0],
                journal_id=row[1],
                kind=row[2],
                amount_minor=row[3],
                currency=row[4],
                balance_after_minor=row[5],
                value_date=row[6],
                created_at=row[7],
                description=row[8],
                payment_id=row[9],
            )
            for row in cursor.fetchall()
        ]
