"""What a failing database means to a caller. Nothing was half done: the transaction is gone with its connection or rolled back."""

import logging
from typing import Final

import psycopg
from django.db import utils as django_db

from payment_engine.api.errors import TenantMissing
from payment_engine.errors import Conflict, EngineError, Unavailable, ValidationFailed

DATABASE_ERRORS: Final = (django_db.Error, psycopg.Error)
_log = logging.getLogger(__name__)
_CONTENTION: Final = frozenset({"55P03", "40P01", "40001"})  # lock_timeout, deadlock, serialization: a retry will do
_STATEMENT_TIMEOUT: Final = "57014"
_UNREACHABLE_CLASSES: Final = ("08", "53", "57", "25006")  # connection, resources, shutdown, a standby that became read-only
_ROW_LEVEL_SECURITY: Final = "42501"
_UNIQUE: Final = "23505"


def sqlstate_of(error: Exception) -> str | None:
    """PostgreSQL's code, also when Django has wrapped the driver's error."""
    driver_error = error if isinstance(error, psycopg.Error) else error.__cause__
    return driver_error.sqlstate if isinstance(driver_error, psycopg.Error) else None


def translate_database_error(error: Exception) -> EngineError | None:
    """The error a caller can act on; None for what can only be a fault of ours."""
    sqlstate = sqlstate_of(error)
    translated = _translate(error, sqlstate)
    if translated is not None:
        level = logging.ERROR if sqlstate == _ROW_LEVEL_SECURITY else logging.WARNING
        _log.log(level, "database refused a request", exc_info=error, extra={"sqlstate": sqlstate, "code": translated.code})
    return translated


def _translate(error: Exception, sqlstate: str | None) -> EngineError | None:
    if sqlstate in _CONTENTION:
        return Unavailable("other work holds the same rows; try again")
    if sqlstate == _STATEMENT_TIMEOUT:
        return Unavailable("this took longer than allowed; try again", retry_after_seconds=2)
    if sqlstate is not None and sqlstate.startswith(_UNREACHABLE_CLASSES):
        return Unavailable("the database is not available at the moment", retry_after_seconds=2)
    if sqlstate == _ROW_LEVEL_SECURITY:
        return TenantMissing("row-level security refused this: no tenant, or another one, is bound to the request")
    if sqlstate == _UNIQUE:
        return Conflict("something with these identifying values exists already")
    if isinstance(error, django_db.DataError | psycopg.DataError):
        return ValidationFailed("a value can't be stored")
    if sqlstate is None and isinstance(error, _CONNECTION_ERRORS):
        return Unavailable("the database is not available at the moment", retry_after_seconds=2)
    return None


_CONNECTION_ERRORS: Final = (django_db.OperationalError, django_db.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
