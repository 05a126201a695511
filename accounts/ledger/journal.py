"""Posting journals: the one place that inserts postings and moves booked balances."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from accounts.ledger.drafts import JournalDraft, LockedAccount
from accounts.ledger.locks import LockedAccounts
from accounts.ledger.sql import array_of, array_of_texts, given_rows, insert_rows, pack_ids, packed_ids, packed_new_ids
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_JOURNALS: Final = insert_rows(
    "journals",
    {
        "id": "uuid",
        "kind": "text",
        "payment_id": "uuid",
        "description": "text",
        "value_date": "date",
        "posting_count": "int2",
        "created_by": "text",
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
        "currency": "text",
        "account_version": "int8",
        "balance_after_minor": "int8",
        "value_date": "date",
    },
)
_DELTAS: Final = insert_rows("balance_deltas", {"id": "uuid", "account_id": "uuid", "amount_minor": "int8", "posting_count": "int4"})
_MOVED: Final = given_rows({"id": "uuid", "booked_minor": "int8", "version": "int8"})
_BALANCES: Final = f"""
UPDATE accounts a SET booked_minor = given.booked_minor, version = given.version FROM {_MOVED}
WHERE a.id = given.id AND a.tenant_id = %s"""  # noqa: S608  # constants


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
            packed_ids(j.id for j in journals),
            array_of(j.kind for j in journals),
            packed_ids(j.payment_id for j in journals),
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
            [packed_ids(a.id for a in moved), array_of(a.booked_minor for a in moved), array_of(a.version for a in moved), tenant_id],
        )
    if postings.deltas:
        shared = postings.deltas
        transaction.execute(
            _DELTAS,
            [
                tenant_id,
                packed_new_ids(len(shared)),
                packed_ids(shared),
                array_of(amount for amount, _ in shared.values()),
                array_of(count for _, count in shared.values()),
            ],
        )


class _Postings:
    """The columns of the postings of one transaction, built leg by leg."""

    def __init__(self) -> None:
        self._ids: list[tuple[bytes, bytes]] = []
        self._rows: list[tuple[int, int, str, int | None, int | None, date]] = []
        self.moved: dict[UUID, LockedAccount] = {}
        self.deltas: dict[UUID, tuple[int, int]] = {}

    def add(self, journal: JournalDraft, accounts: LockedAccounts) -> None:
        journal_id = journal.id.bytes
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
            self._ids.append((journal_id, leg.account_id.bytes))
            self._rows.append((line, leg.amount_minor, leg.currency, version, balance_after, journal.value_date))

    def columns(self) -> list[str | bytes]:
        journals, accounts = zip(*self._ids, strict=True)
        line, *rest = (array_of(column) for column in zip(*self._rows, strict=True))
        return [packed_new_ids(len(self._rows)), pack_ids(journals), line, pack_ids(accounts), *rest]
