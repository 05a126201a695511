"""Posting journals: the one place that inserts postings, which move booked balances (`book_new_postings()`, a trigger)."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from accounts.ledger.drafts import JournalDraft
from accounts.ledger.locks import LockedAccounts
from accounts.ledger.sql import (
    Alike,
    Array,
    alike,
    array_of,
    array_of_texts,
    insert_rows,
    one_value,
    pack_ids,
    packed_ids,
    packed_new_ids,
    packed_numbers,
    rows_of,
)
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_JOURNALS: Final = insert_rows(
    "journals",
    {"id": "uuid", "payment_id": "uuid"},
    alike={
        "kind": "text",
        "description": "text",
        "value_date": "date",
        "posting_count": "int2",
        "created_by": "text",
        "created_at": "timestamptz",
    },
)
_POSTINGS: Final = insert_rows(
    "postings",
    {
        "id": "uuid",
        "journal_id": "uuid",
        "line": "int2",
        "account_id": "uuid",
        "amount_minor": "int8",
        "account_version": "int8",
        "balance_after_minor": "int8",
    },
    alike={"currency": "text", "value_date": "date", "created_at": "timestamptz"},
)


def post_journals(transaction: PipelinedTransaction, journals: Sequence[JournalDraft], accounts: LockedAccounts) -> None:
    """Queue journals and their postings, of the moment the accounts were locked; PostgreSQL moves the balances with them.

    `accounts` holds every account of the legs that is not append-only, locked by this transaction; their running
    balances move along and end as what is stored. A leg on an account that is not among them goes to an append-only
    account: no version, no balance after, and the sum becomes one balance delta per account and statement.
    """
    if not journals:
        return
    tenant_id = current_tenant_id()
    transaction.execute(
        _JOURNALS,
        rows_of(
            tenant_id,
            [packed_ids([j.id for j in journals]), packed_ids([j.payment_id for j in journals])],
            [
                alike([j.kind for j in journals], array_of),
                alike([j.description for j in journals], array_of_texts),
                alike([j.value_date for j in journals], array_of),
                alike([len(j.legs) for j in journals], array_of),
                alike([j.created_by for j in journals], array_of_texts),
                one_value(accounts.locked_at),
            ],
        ),
    )
    postings = _Postings()
    for journal in journals:
        postings.add(journal, accounts)
    each, often_alike = postings.columns()
    transaction.execute(_POSTINGS, rows_of(tenant_id, each, [*often_alike, one_value(accounts.locked_at)]))


class _Postings:
    """The columns of the postings of one statement, built leg by leg. Ids as numbers, as in LockedAccounts."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, int | None, int | None, str, date]] = []

    def add(self, journal: JournalDraft, accounts: LockedAccounts) -> None:
        journal_id, value_date = journal.id.int, journal.value_date
        for line, leg in enumerate(journal.legs):
            account_id, amount_minor = leg.account_id.int, leg.amount_minor
            account = accounts.by_number.get(account_id)
            if account is None or account.append_only:
                version = balance_after = None
            else:
                version = account.version = account.version + 1
                balance_after = account.booked_minor = account.booked_minor + amount_minor
            self._rows.append((journal_id, line, account_id, amount_minor, version, balance_after, leg.currency, value_date))

    def columns(self) -> tuple[list[Array], list[Alike]]:
        journals, lines, accounts, amounts, versions, balances, currencies, value_dates = zip(*self._rows, strict=True)
        each: list[Array] = [
            packed_new_ids(len(self._rows)),
            pack_ids(journals),
            packed_numbers("int2", lines),
            pack_ids(accounts),
            packed_numbers("int8", amounts),
            packed_numbers("int8", versions),
            packed_numbers("int8", balances),
        ]
        return each, [alike(currencies, array_of), alike(value_dates, array_of)]
