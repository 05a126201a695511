"""What a database needs before the first migration: the tenant function, the pool schema, default privileges."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

_BOOT_SQL = Path(__file__).with_name("boot.sql")


def boot(using: str) -> None:
    """Run boot.sql as the owner. Idempotent; called before every migrate, so test databases get it too."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
        statements = [line for line in _BOOT_SQL.read_text().splitlines() if not line.startswith("--")]
        for statement in "\n".join(statements).split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        # An unbound connection sees the pool's tables with zero rows instead of an error; pg_temp last, as in base.py.
        set_path = sql.SQL("ALTER DATABASE {} SET search_path = {}, public, pg_temp").format(
            sql.Identifier(database), sql.Identifier(str(settings.TENANCY["POOL_SCHEMA"]))
        )
        cursor.execute(set_path.as_string(connection.connection))
        # A function of one's own, in a trigger on a temporary table of one's own, is how plain SQL gets to what only triggers may do.
        no_temporary_objects = sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        cursor.execute(no_temporary_objects.as_string(connection.connection))


def note_shared_migrations(schema_name: str, using: str) -> None:
    """Record in a schema that has no record of migrations yet that everything of the shared apps is migrated.

    Their tables are in schema public, and passing through their migrations once more takes longer than making the schema's
    own tables. Nothing where public itself is not migrated yet.
    """
    tenant_apps = [apps.get_app_config(app).label for app in settings.TENANT_APPS]
    record = sql.Identifier(schema_name, "django_migrations")
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL AND to_regclass('public.django_migrations') IS NOT NULL", [record.as_string()])
        if cursor.fetchone() == (True,):
            cursor.execute(sql.SQL("CREATE TABLE {} (LIKE public.django_migrations INCLUDING ALL)").format(record).as_string())
            copied = sql.SQL(
                "INSERT INTO {} (app, name, applied)"
                " SELECT app, name, now() FROM public.django_migrations WHERE app <> ALL (%s) ORDER BY id"
            )
            cursor.execute(copied.format(record).as_string(), [tenant_apps])
