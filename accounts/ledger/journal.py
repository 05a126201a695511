"""Posting journals: the one place that inserts postings and moves booked balances."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from accounts.ledger.drafts import JournalDraft, LockedAccount
from accounts.ledger.locks import LockedAccounts
from accounts.ledger.sql import array_of, array_of_ids, array_of_new_ids, array_of_texts
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_JOURNALS: Final = """
INSERT INTO journals (id, tenant_id, kind, payment_id, description, value_date, posting_count, created_by)
SELECT j.id, %s, j.kind, j.payment_id, j.description, j.value_date, j.posting_count, j.created_by
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::date[], %s::int2[], %s::text[])
    AS j(id, kind, payment_id, description, value_date, posting_count, created_by)"""
_POSTINGS: Final = """
INSERT INTO postings (id, tenant_id, journal_id, line, account_id, amount_minor, currency, account_version, balance_after_minor, value_date)
SELECT p.id, %s, p.journal_id, p.line, p.account_id, p.amount_minor, p.currency, p.account_version, p.balance_after_minor, p.value_date
FROM unnest(%s::uuid[], %s::uuid[], %s::int2[], %s::uuid[], %s::int8[], %s::text[], %s::int8[], %s::int8[], %s::date[])
    AS p(id, journal_id, line, account_id, amount_minor, currency, account_version, balance_after_minor, value_date)"""
_BALANCES: Final = """
UPDATE accounts a SET booked_minor = b.booked_minor, version = b.version
FROM unnest(%s::uuid[], %s::int8[], %s::int8[]) AS b(id, booked_minor, version)
WHERE a.id = b.id AND a.tenant_id = %s"""
_DELTAS: Final = """
INSERT INTO balance_deltas (id, tenant_id, account_id, amount_minor, posting_count)
SELECT d.id, %s, d.account_id, d.amount_minor, d.posting_count
FROM unnest(%s::uuid[], %s::uuid[], %s::int8[], %s::int4[]) AS d(id, account_id, amount_minor, posting_count)"""


def post_journals(transaction: PipelinedTransaction, journals: Sequence[JournalDraft], accounts: LockedAccounts) -> None:
    """Queue journals, postings and balances, in the order the database's rules expect them.

    `accounts` holds every account of the legs that is not append-only, locked by this transaction; their running
    balances move along and end as what is stored. A leg on an account that is not among them goes to an append-only
    account: no version, no balance after, and its sum becomes one balance delta per account and transaction.
    """
    if not journals:
        return
    tenant_id = current_tenant_id()
    transaction.execute(
        _JOURNALS,
        [
            tenant_id,
            array_of_ids(j.id for j in journals),
            array_of(j.kind for j in journals),
            array_of_ids(j.payment_id for j in journals),
            array_of_texts([j.description for j in journals]),
            array_of(j.value_date for j in journals),
            array_of(len(j.legs) for j in journals),
            array_of_texts([j.created_by for j in journals]),
        ],
    )
    postings = _Postings()
    for journal in journals:
        postings.add(journal, accounts)
    transaction.execute(_POSTINGS, [tenant_id, *postings.columns()])
    if postings.moved:
        moved = postings.moved.values()
        transaction.execute(
            _BALANCES,
            [array_of_ids(a.id for a in moved), array_of(a.booked_minor for a in moved), array_of(a.version for a in moved), tenant_id],
        )
    if postings.deltas:
        shared = postings.deltas
        transaction.execute(
            _DELTAS,
            [
                tenant_id,
                array_of_new_ids(len(shared)),
                array_of_ids(shared),
                array_of(amount for amount, _ in shared.values()),
                array_of(count for _, count in shared.values()),
            ],
        )


class _Postings:
    """The columns of the postings of one transaction, built leg by leg."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, int, str, int, str, int | None, int | None, date]] = []
        self.moved: dict[UUID, LockedAccount] = {}
        self.deltas: dict[UUID, tuple[int, int]] = {}

    def add(self, journal: JournalDraft, accounts: LockedAccounts) -> None:
        journal_id = journal.id.hex
        for line, leg in enumerate(journal.legs):
            account = accounts.by_id.get(leg.account_id)
            if account is None or account.append_only:
                amount, count = self.deltas.get(leg.account_id, (0, 0))
                self.deltas[leg.account_id] = (amount + leg.amount_minor, count + 1)
                version = balance_after = None
            else:
                version = account.version = account.version + 1
                balance_after = account.booked_minor = account.booked_minor + leg.amount_minor
                self.moved[leg.account_id] = account
            self._rows.append(
                (journal_id, line, leg.account_id.hex, leg.amount_minor, leg.currency, version, balance_after, journal.value_date)
            )

    def columns(self) -> list[str]:
        return [array_of_new_ids(len(self._rows)), *(array_of(column) for column in zip(*self._rows, strict=True))]
