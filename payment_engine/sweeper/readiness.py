"""What must be true before this process may take payments. Each raises when it is not."""

import time
from typing import Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tenants.context import use
from tenants.queries.isolation_gaps import isolation_gaps

_SETTLED_SECONDS: Final = 30.0
_settled: dict[str, float] = {}


class NotReady(Exception):
    pass


def database_answers() -> None:
    with use(None), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def schema_is_current() -> None:
    """Every migration of this release is applied in the registry. Once true it stays true for this process."""
    if "schema" in _settled:
        return
    with use(None):
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotReady("migrations wait to be applied")
    _settled["schema"] = time.monotonic()


def tenants_are_isolated() -> None:
    """The catalog check, at most every 30 seconds."""
    if time.monotonic() - _settled.get("isolation", -_SETTLED_SECONDS) < _SETTLED_SECONDS:
        return
    with use(None):
        gaps = isolation_gaps()
    if gaps:
        raise NotReady(f"{len(gaps)} gaps in tenant isolation, the first: {gaps[0]}")
    _settled["isolation"] = time.monotonic()
