"""Folding: the background half of the accounts that everybody posts to."""

from typing import Final

from tenants.database.pipeline import pipelined_transaction

_FOLD: Final = """
WITH due AS (SELECT id, account_id, amount_minor FROM balance_deltas ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED),
sums AS (SELECT account_id, sum(amount_minor) AS amount_minor FROM due GROUP BY account_id),
locked AS (SELECT id, booked_minor FROM accounts WHERE id IN (SELECT account_id FROM sums) ORDER BY id FOR NO KEY UPDATE),
fitting AS (SELECT l.id FROM locked l JOIN sums s ON s.account_id = l.id WHERE abs(l.booked_minor + s.amount_minor) < 9e18),
gone AS (DELETE FROM balance_deltas d USING due JOIN fitting f ON f.id = due.account_id WHERE d.id = due.id RETURNING d.id)
SELECT count(*) FROM gone"""


def fold_balances(*, limit: int = 1000) -> int:
    """Move balance deltas into the booked balance of the tenant's append-only accounts; returns how many were moved.

    One statement per call, which deletes them: a trigger adds what is deleted to the balances. Deltas another fold holds are
    skipped and accounts locked in id order, so any number may run at once.
    The deltas of an account whose balance no bigint could hold stay where they are; the others are folded past them.
    """
    with pipelined_transaction() as transaction:
        cursor = transaction.queue(_FOLD, [limit])
        (folded,) = cursor.fetchone()
    return int(folded)
