"""What a test reads of the registry and of compiled configuration stays read until the test changes it.

Inside a transaction the product keeps neither, because it may see what is never committed; most tests are one transaction, and
read both again for each of their requests. Nobody else sees that transaction, so what was read in it is true until a row behind
it changes there, or changes back. PostgreSQL says when: a trigger on each of those tables, made with the template, sends a notice
together with the statement's own answer, whoever sent the statement and however. Tests that commit get the product's caches alone.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.backends.signals import connection_created
from django.db.transaction import Atomic
from psycopg import sql

from config_mgmt.snapshots import SnapshotCache
from tenants import registry
from tenants.database.base import DatabaseWrapper
from tenants.models import Placement, Tenant, TierDefault

P = ParamSpec("P")
T = TypeVar("T")
_NOTICE = "tests: what configuration is read from has changed"
_READ_ALIKE_BY_ALL = (Tenant, Placement, TierDefault)
_COUNTED = """
    SELECT DISTINCT n.nspname, c.relname
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.tgfoid = 'tenants.config_changed'::regproc
"""
_FUNCTION = f"""
    CREATE SCHEMA tests;
    CREATE FUNCTION tests.say_it_changed() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE NOTICE '{_NOTICE}'; RETURN NULL; END $$
"""
_TRIGGER = sql.SQL(
    "CREATE TRIGGER tests_hear_of_it AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION tests.say_it_changed()"
)
_kept: WeakKeyDictionary[Atomic, dict[Hashable, Any]] = WeakKeyDictionary()
"""By the transaction that is the test; it goes with it."""


def watch_changes() -> None:
    """In the template: of the registry, of what all tenants of a tier share, and of each table the product counts changes of."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION)
        cursor.execute(_COUNTED)
        for name in [*cursor.fetchall(), *(("public", model._meta.db_table) for model in _READ_ALIKE_BY_ALL)]:
            cursor.execute(_TRIGGER.format(sql.Identifier(*name)).as_string())


def keep_in_tests() -> None:
    """Keep what both caches of the product have to read anew, and hear of what ends that."""
    registry._renewed = _until_it_changes(registry._renewed)
    SnapshotCache._renewed = _until_it_changes(SnapshotCache._renewed)  # type: ignore[method-assign]  # meant for all of its kind
    registry.forget = _forgetting(registry.forget)
    DatabaseWrapper.savepoint_rollback = _forgetting(DatabaseWrapper.savepoint_rollback)  # type: ignore[method-assign]  # as above
    connection_created.connect(_listen)


def _until_it_changes(read: Callable[P, T]) -> Callable[P, T]:
    @wraps(read)
    def kept_or_read(*args: P.args, **kwargs: P.kwargs) -> T:
        blocks = connection.atomic_blocks
        if not blocks or not blocks[0]._from_testcase:  # type: ignore[attr-defined]  # Django's own mark of a test's transaction
            return read(*args, **kwargs)
        kept = _kept.setdefault(blocks[0], {})
        key = (read, *args)
        if key not in kept:
            value = read(*args, **kwargs)
            if _kept.get(blocks[0]) is not kept:
                return value  # it changed meanwhile
            kept[key] = value
        found: T = kept[key]
        return found

    return kept_or_read


def _forgetting(function: Callable[P, T]) -> Callable[P, T]:
    @wraps(function)
    def forget_and_call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            _kept.clear()

    return forget_and_call


def _listen(connection: DatabaseWrapper, **_: object) -> None:
    connection.connection.add_notice_handler(_hear)


def _hear(notice: Any) -> None:
    if notice.message_primary == _NOTICE:
        _kept.clear()
