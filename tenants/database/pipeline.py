"""One transaction in as few round trips as its logic allows: libpq's pipeline mode around our own BEGIN and COMMIT.

For the posting core only; everything else uses Django's `transaction.atomic`. Inside an atomic block (tests, a larger
operation) it becomes a savepoint of that transaction.

This speaks libpq itself (psycopg.pq): psycopg's own pipeline sends every statement in a system call of its own and adapts
every parameter, and Django switches its prepared statements off. Here statements leave together, are prepared once per
connection, and take parameters that are text already.
"""

import itertools
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, DataError, OperationalError, connections, transaction
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from tenants import context

Row = tuple[Any, ...]
# Plans are made once per connection and by index, whatever the tables held and however large the batch was at that moment.
_BIND: Final = """SELECT now(), set_config('app.current_tenant', %s, true), set_config('search_path', %s, true),
set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"""
_NOW: Final = "SELECT now()"
_SILENCE_SECONDS: Final = 8  # well above lock_timeout: only a server that hangs is silent for so long
_EARLY_BYTES: Final = 4096
_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_TEXT, _BINARY = Format.TEXT, Format.BINARY
_numbers: Final = itertools.count()
_prepared: Final[WeakKeyDictionary[object, dict[str, bytes]]] = WeakKeyDictionary()
"""Of each connection: the names of the queries prepared on it."""


class ConnectionDied(OperationalError):
    """The connection was found dead before COMMIT was sent: nothing was kept, the caller may try again on a new one."""


class QueuedRows:
    """The rows of a queued query; reading them sends everything queued so far."""

    __slots__ = ("_result", "_transaction")

    def __init__(self, transaction_: "PipelinedTransaction") -> None:
        self._transaction = transaction_
        self._result: PGresult | None = None

    def fetchall(self) -> list[Row]:
        if self._result is None:
            self._transaction.send()
        return self._transaction.rows_of(self._result)

    def fetchone(self) -> Row:
        return self.fetchall()[0]

    def take(self, result: PGresult) -> None:
        self._result = result


class PipelinedTransaction:
    """Statements queue up until rows are read. `%s` stands for a parameter: text, a number, a date, an id or None,
    or bytes that are PostgreSQL's binary format.

    Sets of values are arrays made by accounts.ledger.sql. `started_at` is the transaction's now(). Results come in the binary
    format: jsonb is parsed already, and a type that has none (tsvector) is bytes.
    """

    def __init__(self, raw: "psycopg.Connection[Any]", first: Sequence[tuple[str, Sequence[object]]]) -> None:
        """The last of the `first` statements selects now()."""
        self._raw = raw
        self._pgconn = raw.pgconn
        self._names = _prepared.setdefault(raw, {})
        self._queued: list[str | QueuedRows | None] = []
        self._loader = Transformer(raw)
        self._in_flight = self._failed = False
        self._pgconn.enter_pipeline_mode()
        self._clock = [self.queue(query, parameters) for query, parameters in first][-1]

    @property
    def started_at(self) -> datetime:
        now: datetime = self._clock.fetchone()[0]
        return now

    def execute(self, query: str, parameters: Sequence[object] = ()) -> None:
        """Queue a statement whose result nobody reads. An error of it is raised when the queue is sent."""
        self._queue(query, parameters, None)

    def queue(self, query: str, parameters: Sequence[object] = ()) -> QueuedRows:
        """Queue a query whose rows will be read."""
        rows = QueuedRows(self)
        self._queue(query, parameters, rows)
        return rows

    def send(self) -> None:
        """Send what is queued and wait for all of it. Raises the first error; nothing of the queue is left either way."""
        if not self._queued:
            return
        self._in_flight = True
        self._pgconn.pipeline_sync()
        self._flush()
        failed: PGresult | None = None
        for expected in self._queued:
            result = self._next_result()
            if result.status in _GOOD:
                if isinstance(expected, QueuedRows):
                    expected.take(result)
            else:
                failed = failed or result
                if isinstance(expected, str):
                    del self._names[expected]
        self._end_of_queue()
        if failed is not None:
            self._failed = True
            raise error_from_result(failed, encoding=self._raw.info.encoding)

    def commit(self) -> None:
        """COMMIT, which PostgreSQL would take for ROLLBACK, without an error, after one that the body passed over."""
        if self._failed:
            raise psycopg.errors.InFailedSqlTransaction("a statement of this transaction failed")
        self.execute("COMMIT")
        self.send()

    def rows_of(self, result: PGresult | None) -> list[Row]:
        assert result is not None, "nobody reads rows of a transaction that failed"  # noqa: S101
        self._loader.set_pgresult(result)
        return self._loader.load_rows(0, result.ntuples, tuple)

    def close(self) -> None:
        """Leave pipeline mode; what is still queued is sent and its errors are passed over. Closes a connection that is out of step."""
        with suppress(psycopg.Error):
            if not self._in_flight:
                self.send()
        if self._in_flight:
            self._raw.close()
        else:
            self._pgconn.exit_pipeline_mode()

    def roll_back(self) -> None:
        """Undo everything. Closes a connection on which even that fails: the server undoes it then."""
        self.close()
        if self._raw.closed or self._pgconn.transaction_status == TransactionStatus.IDLE:
            return
        with suppress(psycopg.Error):
            self._pgconn.exec_(b"ROLLBACK")
        if self._pgconn.transaction_status != TransactionStatus.IDLE:
            self._raw.close()

    def _queue(self, query: str, parameters: Sequence[object], rows: QueuedRows | None) -> None:
        values, formats = _in_the_wire_format(parameters)
        name = self._names.get(query)
        if name is None:
            name = self._names[query] = b"engine_%d" % next(_numbers)
            self._pgconn.send_prepare(name, _numbered(query))
            self._queued.append(query)
        self._pgconn.send_query_prepared(name, values, formats, _BINARY)
        self._queued.append(rows)
        if sum(map(len, filter(None, values))) > _EARLY_BYTES:
            self._pgconn.flush()  # the server works on a large statement while we make the next

    def _next_result(self) -> PGresult:
        """The result of the next command, and past the mark that ends it."""
        result = self._next()
        if result is None or self._next() is not None:
            raise psycopg.OperationalError("the database connection is out of step")
        return result

    def _end_of_queue(self) -> None:
        end = self._next()
        if end is None or end.status != ExecStatus.PIPELINE_SYNC:
            raise psycopg.OperationalError("the database connection is out of step")
        self._queued.clear()
        self._in_flight = False

    def _next(self) -> PGresult | None:
        """What libpq has next; other threads run while we wait for it."""
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
        return self._pgconn.get_result()

    def _flush(self) -> None:
        """Send everything, reading meanwhile: a server that can't get rid of its answers takes no more questions."""
        while self._pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT)

    def _wait(self, events: int) -> None:
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        ready = poll.poll(_SILENCE_SECONDS * 1000)
        if not ready:
            raise psycopg.OperationalError("the database does not answer")
        for _, happened in ready:
            if happened != select.POLLOUT:
                self._pgconn.consume_input()


def _in_the_wire_format(parameters: Sequence[object]) -> tuple[list[bytes | None], list[Format]]:
    values: list[bytes | None] = []
    formats: list[Format] = []
    for value in parameters:
        if isinstance(value, bytes):
            values.append(value)
            formats.append(_BINARY)
        else:
            values.append(None if value is None else _text(value))
            formats.append(_TEXT)
    return values, formats


def _text(value: object) -> bytes:
    encoded = (value if type(value) is str else str(value)).encode()
    if b"\0" in encoded:
        raise DataError("PostgreSQL text can't contain NUL (0x00) bytes")
    return encoded


@lru_cache(maxsize=256)
def _numbered(query: str) -> bytes:
    """`$1`, `$2`… for each `%s`."""
    first, *rest = query.split("%s")
    return "".join([first, *(f"${number}{part}" for number, part in enumerate(rest, 1))]).encode()


@contextmanager
def pipelined_transaction() -> Iterator[PipelinedTransaction]:
    """BEGIN, bind the tenant in context, run the body, COMMIT; any exception rolls back.

    Raises Django's database errors; ConnectionDied when trying again is safe.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    raw = connection.connection
    if connection.in_atomic_block:
        with transaction.atomic(), connection.wrap_database_errors:
            connection.cursor().close()  # binds the tenant in context
            yield from _joined(raw)
        return
    commit_queued = False
    pipelined: PipelinedTransaction | None = None
    try:
        with connection.wrap_database_errors:
            pipelined = PipelinedTransaction(raw, [("BEGIN", ()), (_BIND, _tenant_and_path())])
            yield pipelined
            commit_queued = True
            pipelined.commit()
            pipelined.close()
    except BaseException as error:
        if pipelined is not None:
            pipelined.roll_back()
        else:
            raw.close()  # it could not even take up the first statements
        if raw.closed:
            connection.close()
            if not commit_queued and isinstance(error, OperationalError):
                raise ConnectionDied("the database connection was lost") from error
        raise


def _joined(raw: "psycopg.Connection[Any]") -> Iterator[PipelinedTransaction]:
    pipelined = PipelinedTransaction(raw, [(_NOW, ())])
    try:
        yield pipelined
        pipelined.send()
    finally:
        pipelined.close()


def _tenant_and_path() -> tuple[str, str]:
    scope = context.current_scope()
    return scope.tenant_id or "" if scope else "", f'"{scope.schema if scope else context.POOL_SCHEMA}", "public", "pg_temp"'
