"""One transaction in as few round trips as its logic allows: psycopg's pipeline mode around our own BEGIN and COMMIT.

For the posting core only; everything else uses Django's `transaction.atomic`. Inside an atomic block (tests, a larger
operation) it becomes a savepoint of that transaction.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from psycopg.pq import TransactionStatus

from tenants import context

_BIND: Final = "SELECT set_config('app.current_tenant', %s, true), set_config('search_path', %s, true), now()"

_ONLY_ON_REQUEST: Final = sys.maxsize  # Django sets None, with which psycopg ignores prepare=True and every statement is parsed anew


class ConnectionDied(OperationalError):
    """The connection was found dead before COMMIT was sent: nothing was kept, the caller may try again on a new one."""


class PipelinedTransaction:
    """Statements queue up; `fetch` sends what is queued and reads one result. `started_at` is the transaction's now()."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401  # a psycopg connection
        self._raw = raw
        scope = context.current_scope()
        path = f'"{scope.schema if scope else context.POOL_SCHEMA}", "public", "pg_temp"'
        self._binding = self._raw.execute(_BIND, [scope.tenant_id or "" if scope else "", path], prepare=True)

    @property
    def started_at(self) -> datetime:
        if self._binding is not None:
            self._started_at: datetime = self._binding.fetchone()[2]
            self._binding = None
        return self._started_at

    def execute(self, query: str, parameters: Sequence[object]) -> None:
        """Queue a statement whose result nobody reads. An error of it is raised at the next fetch or at the commit."""
        self._raw.execute(query, parameters, prepare=True)

    def queue(self, query: str, parameters: Sequence[object]) -> Any:  # noqa: ANN401  # a psycopg cursor
        """Queue a query; `fetchall()` of the cursor returned sends everything queued so far."""
        return self._raw.execute(query, parameters, prepare=True)


@contextmanager
def pipelined_transaction() -> Iterator[PipelinedTransaction]:
    """BEGIN, bind the tenant in context, run the body, COMMIT; any exception rolls back.

    Raises Django's database errors; ConnectionDied when trying again is safe.
    """
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = _ONLY_ON_REQUEST
    if connection.in_atomic_block:
        with transaction.atomic(), connection.wrap_database_errors, raw.pipeline():
            yield PipelinedTransaction(raw)
        return
    commit_queued = False
    try:
        with connection.wrap_database_errors, raw.pipeline():
            raw.execute("BEGIN", prepare=True)
            yield PipelinedTransaction(raw)
            commit_queued = True
            raw.execute("COMMIT", prepare=True)
    except BaseException as error:
        if raw.closed or raw.broken:
            connection.close()
            if not commit_queued and isinstance(error, OperationalError):
                raise ConnectionDied("the database connection was lost") from error
        elif raw.info.transaction_status != TransactionStatus.IDLE:
            raw.rollback()
        raise
