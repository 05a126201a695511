"""The database backend: tenant context per transaction, never per session.

Each transaction starts with `SET LOCAL app.current_tenant` and `SET LOCAL search_path`, so nothing outlives it: safe
with persistent connections, pools and PgBouncer in transaction mode. The owner login (migrations) keeps
django-tenants' own search_path switching.
"""

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import psycopg
from django.db import transaction
from django_tenants.postgresql_backend import base
from psycopg import sql
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

from tenants import context
from tenants.database.schema import TenantSchemaEditor

Bound = tuple[str, tuple[str, ...]]
# By alias: until when nobody tries to connect, because the last attempt had to wait for nothing.
_silent_until: dict[str, float] = {}
_SILENCE_SECONDS: Final = 1.0
_SET_LOCAL: Final = sql.SQL("SET LOCAL app.current_tenant = {}; SET LOCAL search_path = {}")
_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


class _Used(threading.local):
    """The connections this thread has used since they were looked after."""

    def __init__(self) -> None:
        self.connections: set[DatabaseWrapper] = set()


_used: Final = _Used()


def look_after_connections() -> None:
    """Django's `close_old_connections`, of those this thread used."""
    for used in tuple(_used.connections):
        used.close_if_unusable_or_obsolete()
    _used.connections.clear()  # last, as looking at one counts as using it


@lru_cache(maxsize=1024)
def _set_local(bound: Bound) -> bytes:
    return _SET_LOCAL.format(sql.Literal(bound[0]), sql.SQL(", ").join(map(sql.Identifier, bound[1]))).as_bytes()


def _execute(raw: "psycopg.Connection[Any]", statements: bytes) -> None:
    """Past all cursors, so no execute wrapper sees it and assertNumQueries does not count it; with the BEGIN that psycopg would
    send in a round trip of its own before the first statement of a transaction."""
    if raw.pgconn.transaction_status == TransactionStatus.IDLE and not raw.autocommit:
        statements = b"BEGIN; " + statements
    result = raw.pgconn.exec_(statements)
    if raw.closed:
        raise psycopg.OperationalError(result.get_error_message(raw.info.encoding))
    if result.status not in _GOOD:
        raise error_from_result(result, encoding=raw.info.encoding)


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # django-tenants ships no types
    SchemaEditorClass = TenantSchemaEditor

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Django's own signature
        self._bound: Bound | None = None
        super().__init__(*args, **kwargs)
        self.execute_wrappers.insert(0, self._with_tenant)

    @property
    def owner_mode(self) -> bool:
        """True for the login that owns the tables: migrations and onboarding."""
        return bool(self.settings_dict.get("TENANCY_MODE", "app") == "owner")

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # noqa: ANN401  # Django's own signature
        """When the server stays silent, one caller waits for it; those behind are told at once, not each after a wait of their own."""
        began_at = time.monotonic()
        if began_at < _silent_until.get(self.alias, 0.0):
            raise psycopg.OperationalError("the server left the last attempt to connect without an answer")
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            if time.monotonic() - began_at > _SILENCE_SECONDS:
                _silent_until[self.alias] = time.monotonic() + _SILENCE_SECONDS
            raise

    def ensure_connection(self) -> None:
        _used.connections.add(self)
        super().ensure_connection()

    def _wanted(self) -> Bound:
        scope = context.current_scope()
        schema = scope.schema if scope else context.POOL_SCHEMA
        # pg_temp last: an injected temporary table must not shadow a real one.
        return (scope.tenant_id or "") if scope else "", (schema, "public", "pg_temp")

    def _bind(self) -> None:
        wanted = self._wanted()
        if wanted == self._bound or self.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # a failed transaction takes nothing but its rollback, whoever it was for
        with self.wrap_database_errors:
            _execute(self.connection, _set_local(wanted))
        self._bound = wanted

    def _unscoped_owner(self) -> bool:
        return self.owner_mode and context.current_scope() is None

    def _with_tenant(self, execute: Callable[..., Any], query: str, params: Any, many: bool, ctx: dict[str, Any]) -> Any:  # noqa: ANN401
        if self._unscoped_owner() or (context.current_scope() is None and self.get_autocommit()):
            return execute(query, params, many, ctx)  # unbound: row-level security shows nothing
        if not self.get_autocommit():
            self._bind()
            return execute(query, params, many, ctx)
        with transaction.atomic(self.alias):  # a statement on its own is its own transaction
            self._bind()
            return execute(query, params, many, ctx)

    def _handle_search_path(self, cursor: Any = None) -> None:  # noqa: ANN401
        if self._unscoped_owner():
            super()._handle_search_path(cursor)

    def _cursor(self, name: str | None = None) -> Any:  # noqa: ANN401
        cursor = super()._cursor(name)
        # COPY and callproc skip execute wrappers, so an open transaction is bound here as well.
        if self.connection is not None and not self.get_autocommit() and not self._unscoped_owner():
            self._bind()
        return cursor

    def _set_autocommit(self, autocommit: bool) -> None:
        self._bound = None
        super()._set_autocommit(autocommit)

    def commit(self) -> None:
        self._bound = None
        super().commit()

    def rollback(self) -> None:
        self._bound = None
        super().rollback()

    def close(self) -> None:
        self._bound = None
        super().close()

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._bound = None

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """Hooks run in the scope that registered them, whatever scope the commit happens in."""
        scope = context.current_scope()

        def in_scope() -> None:
            with context.use(scope):
                func()

        super().on_commit(in_scope, robust)
