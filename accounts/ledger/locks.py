"""Locking accounts: the whole batch in one statement, in id order, so that two batches can't deadlock."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.ledger.drafts import LockedAccount
from accounts.ledger.sql import array_of_texts, pack_ids
from tenants.database.pipeline import PipelinedTransaction

_COLUMNS: Final = ", ".join(field for field in LockedAccount.__struct_fields__ if field != "promised_minor")
# The moment of the last row is one at which all locks are held: a column of the inner query would be of before its lock.
_LOCKED: Final = f"""
SELECT *, clock_timestamp() FROM (SELECT {_COLUMNS} FROM accounts WHERE {{which}} ORDER BY id FOR NO KEY UPDATE) locked"""  # noqa: S608  # constants
_BY_ID: Final = _LOCKED.format(which="id = ANY (%s::uuid[])")
_BY_ID_OR_IBAN: Final = _LOCKED.format(which="id = ANY (%s::uuid[]) OR iban = ANY (%s::text[])")
AccountReference = UUID | str
"""How a caller names an account: its id, or its IBAN."""


class LockedAccounts:
    """The locked rows of one batch, by id and by IBAN. Look-ups return None for what the tenant does not have.

    By the number an id is: a UUID is hashed and compared by Python code, ten times as slowly.

    `locked_at` is when what the batch does happens: after everything that was done to these accounts before, and before
    everything that will be. The transaction may have begun earlier, and waited.
    """

    def __init__(self, accounts: Collection[LockedAccount], locked_at: datetime) -> None:
        self._all = accounts
        self.locked_at = locked_at
        self.by_number = {account.id.int: account for account in accounts}
        self._by_iban = {account.iban: account for account in accounts if account.iban is not None}

    @property
    def by_id(self) -> dict[UUID, LockedAccount]:
        return {account.id: account for account in self._all}

    def find(self, reference: AccountReference) -> LockedAccount | None:
        return self._by_iban.get(reference) if isinstance(reference, str) else self.by_number.get(reference.int)

    def keep_promises(self) -> None:
        """All that was promised has been posted: balances carry it from here on."""
        for account in self._all:
            account.promised_minor = 0


class PendingLocks:
    """Locks asked for but not read yet: further statements can join the same round trip."""

    def __init__(self, transaction: PipelinedTransaction, references: Collection[AccountReference]) -> None:
        """The same account may be named more than once."""
        self._transaction = transaction
        ids = pack_ids({r.int for r in references if isinstance(r, UUID)})
        ibans = list({r for r in references if isinstance(r, str)})
        if ibans:
            self._cursor = transaction.queue(_BY_ID_OR_IBAN, [ids, array_of_texts(ibans)])
        else:
            self._cursor = transaction.queue(_BY_ID, [ids])

    def fetch(self) -> LockedAccounts:
        """Wait for the locks (lock_timeout applies) and read the rows as they are once they are ours."""
        rows = self._cursor.fetchall()
        locked_at = rows[-1][-1] if rows else self._transaction.started_at
        return LockedAccounts([LockedAccount(*row[:-1]) for row in rows], locked_at)


def lock_accounts(transaction: PipelinedTransaction, references: Collection[AccountReference]) -> LockedAccounts:
    """Lock rows FOR NO KEY UPDATE in id order; unknown references are simply absent."""
    return PendingLocks(transaction, references).fetch()
