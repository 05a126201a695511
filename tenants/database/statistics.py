"""Planner statistics, where waiting for autovacuum would be too late."""

from django.db import connection
from psycopg import sql

from tenants.models import Placement


def refresh_statistics(*schemas: str) -> None:
    """ANALYZE every table of these schemas, or of every placement (owner login). For after a bulk load.

    Statements of the posting core are planned once per connection, until the next ANALYZE. Without statistics any index
    that starts with tenant_id looks as good as the primary key, and reads a whole tenant.
    """
    wanted = list(schemas) or list(Placement.objects.values_list("schema_name", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY (%s)", [wanted])
        for schema, table in cursor.fetchall():
            cursor.execute(sql.SQL("ANALYZE {}.{}").format(sql.Identifier(schema), sql.Identifier(table)).as_string(connection.connection))
