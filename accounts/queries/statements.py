"""The statement of one account on one day (UTC): from the balance it began with to the one it ended with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

from django.db import connection

from accounts.errors import AccountUnknown
from tenants.context import current_tenant_id

_LAST_POSTING: Final = """
SELECT p.account_version, p.balance_after_minor FROM postings p
WHERE p.account_id = a.id AND NOT a.append_only AND p.created_at {} ORDER BY p.created_at DESC, p.account_version DESC LIMIT 1"""
_FRAME: Final = f"""
SELECT a.number, a.iban, a.name, c.name, a.currency, a.append_only,
    coalesce(before.account_version, 0), coalesce(until.account_version, 0),
    CASE WHEN a.append_only
        THEN a.booked_minor + coalesce((SELECT sum(d.amount_minor) FROM balance_deltas d WHERE d.account_id = a.id), 0)::int8
            - coalesce((SELECT sum(p.amount_minor) FROM postings p WHERE p.account_id = a.id AND p.created_at >= %(start)s), 0)::int8
        ELSE coalesce(before.balance_after_minor, 0) END
FROM accounts a
LEFT JOIN customers c ON c.id = a.customer_id
LEFT JOIN LATERAL ({_LAST_POSTING.format("< %(start)s")}) before ON true
LEFT JOIN LATERAL ({_LAST_POSTING.format("<= %(end)s")}) until ON true
WHERE a.id = %(account_id)s"""  # noqa: S608  # constants
# The other party is the account of the leg this one is paired with: legs come in pairs of one amount, lines 0 and 1, 2 and 3.
_ENTRIES: Final = """
SELECT p.id, p.journal_id, j.kind, p.amount_minor, p.created_at, p.value_date, j.description, j.payment_id,
    t.end_to_end_id, t.reference, t.uetr, t.remittance_information,
    coalesce(oc.name, oa.name), oa.iban, oa.number, oa.role
FROM postings p
JOIN journals j ON j.id = p.journal_id
LEFT JOIN transactions t ON t.id = j.payment_id
LEFT JOIN postings o ON o.journal_id = p.journal_id AND o.line = p.line # 1 AND o.amount_minor = -p.amount_minor AND o.currency = p.currency
LEFT JOIN accounts oa ON oa.id = o.account_id
LEFT JOIN customers oc ON oc.id = oa.customer_id
WHERE p.account_id = %(account_id)s AND """
# Versions rather than times where there are any: what one day ends with, the next begins with, whatever clocks did.
_BY_VERSION: Final = _ENTRIES + "p.account_version > %(first)s AND p.account_version <= %(last)s ORDER BY p.account_version"
_BY_TIME: Final = _ENTRIES + "p.created_at >= %(start)s AND p.created_at <= %(end)s ORDER BY p.created_at, p.id"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One posting, credit positive, with what its payment and its other party say. A charge is paid to the bank itself."""

    posting_id: UUID
    journal_id: UUID
    kind: str
    amount_minor: int
    balance_after_minor: int
    created_at: datetime
    value_date: date
    description: str
    payment_id: UUID | None
    end_to_end_id: str | None
    reference: str | None
    uetr: UUID | None
    remittance_information: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    counterparty_number: str | None
    is_charge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """Opening balance + Σ entries = closing balance; the next day opens with what this one closes with."""

    account_id: UUID
    account_number: str
    iban: str | None
    account_name: str
    owner_name: str | None
    currency: str
    day: date
    opening_minor: int
    closing_minor: int
    entries: tuple[StatementEntry, ...]


def statement(account_id: UUID, day: date) -> AccountStatement:
    """Everything posted on the day, in the order it was posted, in two queries. Raises AccountUnknown."""
    current_tenant_id()  # raises TenantRequired
    parameters: dict[str, Any] = {
        "account_id": account_id,
        "start": datetime.combine(day, time.min, UTC),
        "end": datetime.combine(day, time.max, UTC),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FRAME, parameters)
        frame = cursor.fetchone()
        if frame is None:
            raise AccountUnknown("there is no such account")
        number, iban, name, owner_name, currency, append_only, first, last, opening_minor = frame
        cursor.execute(_BY_TIME if append_only else _BY_VERSION, parameters | {"first": first, "last": last})
        rows = cursor.fetchall()
    balances = list(accumulate((row[3] for row in rows), initial=opening_minor))
    return AccountStatement(
        account_id=account_id,
        account_number=number,
        iban=iban,
        account_name=name,
        owner_name=owner_name,
        currency=currency,
        day=day,
        opening_minor=opening_minor,
        closing_minor=balances[-1],
        entries=tuple(_entry(row, balance) for row, balance in zip(rows, balances[1:], strict=True)),
    )


def _entry(row: tuple[Any, ...], balance_after_minor: int) -> StatementEntry:
    return StatementEntry(
        posting_id=row[0],
        journal_id=row[1],
        kind=row[2],
        amount_minor=row[3],
        balance_after_minor=balance_after_minor,
        created_at=row[4],
        value_date=row[5],
        description=row[6],
        payment_id=row[7],
        end_to_end_id=row[8],
        reference=row[9],
        uetr=row[10],
        remittance_information=row[11],
        counterparty_name=row[12],
        counterparty_iban=row[13],
        counterparty_number=row[14],
        is_charge=row[15] == "FEE",
    )
