"""What a schema records of migrations before its own begin."""

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from tenants.context import POOL_SCHEMA
from tenants.database.boot import note_shared_migrations

pytestmark = pytest.mark.django_db(transaction=True)


def recorded(owner: Any, schema: str) -> list[tuple[str, str]]:
    with owner.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{schema}".django_migrations ORDER BY app, name')
        return list(cursor.fetchall())


def test_a_new_schema_has_the_shared_apps_migrations_behind_it_and_its_own_before_it(owner_database: Any) -> None:
    tenant_apps = {apps.get_app_config(app).label for app in settings.TENANT_APPS}
    with owner_database.cursor() as cursor:
        cursor.execute("CREATE SCHEMA new_bank")
    try:
        note_shared_migrations("new_bank", owner_database.alias)
        noted = recorded(owner_database, "new_bank")
        assert noted == [(app, name) for app, name in recorded(owner_database, "public") if app not in tenant_apps]
        assert {"auth", "oauth2_provider", "tenants"} <= {app for app, _ in noted}
        note_shared_migrations("new_bank", owner_database.alias)  # as each later migrate does
        assert recorded(owner_database, "new_bank") == noted
    finally:
        with owner_database.cursor() as cursor:
            cursor.execute("DROP SCHEMA new_bank CASCADE")


def test_the_pool_was_migrated_as_a_whole(owner_database: Any) -> None:
    assert recorded(owner_database, POOL_SCHEMA) == recorded(owner_database, "public")
