"""Whatever way a table gets its tenant_id, it comes out protected; what can't be made safe fails loudly."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import ProgrammingError, models, transaction
from django.test.utils import isolate_apps

from tenants.database.fields import TenantForeignKey
from tenants.models import TenantModel
from tenants.queries.isolation_gaps import isolation_gaps

pytestmark = pytest.mark.django_db(transaction=True)
POOL = "payment_engine"


@pytest.fixture
def owner(owner_database: Any) -> Iterator[Any]:
    """The owner at work in the pool, as migrate_schemas is; what a test makes there is dropped afterwards."""
    owner_database.set_schema(POOL)
    yield owner_database
    owner_database.set_schema(POOL)
    with owner_database.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS toys, boxes, shelves CASCADE")


@pytest.fixture
def toy_models() -> Iterator[tuple[type[models.Model], type[models.Model]]]:
    with isolate_apps("accounts"):

        class Box(TenantModel):
            name = models.TextField()

            class Meta:
                app_label = "accounts"
                db_table = "boxes"

        class Toy(TenantModel):
            box: Any = TenantForeignKey(Box, on_delete=models.PROTECT)

            class Meta:
                app_label = "accounts"
                db_table = "toys"

        yield Box, Toy


def create(owner: Any, *made: type[models.Model]) -> None:
    with transaction.atomic(using="owner"), owner.schema_editor() as editor:
        for model in made:
            editor.create_model(model)


def keys(owner: Any, table: str) -> dict[str, str]:
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('p', 'f', 'c')",
            [f"{POOL}.{table}"],
        )
        return dict(cursor.fetchall())


def policies(owner: Any, table: str) -> dict[str, tuple[str, str | None]]:
    with owner.cursor() as cursor:
        cursor.execute("SELECT policyname, cmd, qual FROM pg_policies WHERE schemaname = %s AND tablename = %s", [POOL, table])
        return {name: (command, qual) for name, command, qual in cursor.fetchall()}


def test_a_new_table_is_protected(owner: Any, toy_models: Any) -> None:
    create(owner, *toy_models)
    assert keys(owner, "toys") == {
        "p": "PRIMARY KEY (id, tenant_id)",
        "f": "FOREIGN KEY (tenant_id, box_id) REFERENCES boxes(tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
        "c": "CHECK ((tenant_id <> ''::text))",
    }
    assert policies(owner, "toys") == {
        "tenant_isolation_toys": ("ALL", "(tenant_id = tenants.current_tenant())"),
        "platform_read_toys": ("SELECT", "true"),
    }
    assert isolation_gaps() == []


def test_a_foreign_key_added_later_is_composite(owner: Any, toy_models: Any) -> None:
    box, _toy = toy_models
    create(owner, box)
    with isolate_apps("accounts"):

        class Shelf(TenantModel):
            class Meta:
                app_label = "accounts"
                db_table = "shelves"

        create(owner, Shelf)
        field: Any = TenantForeignKey(box, on_delete=models.PROTECT, null=True)
        field.contribute_to_class(Shelf, "box")
        with transaction.atomic(using="owner"), owner.schema_editor() as editor:
            editor.add_field(Shelf, field)
    assert keys(owner, "shelves")["f"] == "FOREIGN KEY (tenant_id, box_id) REFERENCES boxes(tenant_id, id) DEFERRABLE INITIALLY DEFERRED"
    assert isolation_gaps() == []


def test_a_tenant_id_added_later_protects_the_table(owner: Any) -> None:
    with isolate_apps("accounts"):

        class Shelf(models.Model):  # noqa: DJ008  # never printed
            id = models.UUIDField(primary_key=True)

            class Meta:
                app_label = "accounts"
                db_table = "shelves"

        create(owner, Shelf)
        field = models.TextField(default="alpha-bank")
        field.contribute_to_class(Shelf, "tenant_id")
        with transaction.atomic(using="owner"), owner.schema_editor() as editor:
            editor.add_field(Shelf, field)
    assert set(policies(owner, "shelves")) == {"tenant_isolation_shelves", "platform_read_shelves"}
    assert isolation_gaps() == []


def test_a_plain_foreign_key_to_a_tenant_table_fails(owner: Any, toy_models: Any) -> None:
    box_model, _ = toy_models
    create(owner, box_model)
    with isolate_apps("accounts"):

        class Shelf(TenantModel):
            box: Any = models.ForeignKey(box_model, on_delete=models.PROTECT)

            class Meta:
                app_label = "accounts"
                db_table = "shelves"

        with pytest.raises(ProgrammingError, match="no unique constraint matching"):
            create(owner, Shelf)


def test_a_registry_table_that_names_a_tenant_stays_readable(owner: Any) -> None:
    owner.set_schema_to_public()
    with owner.cursor() as cursor:
        cursor.execute("SELECT relrowsecurity FROM pg_class WHERE oid = 'public.api_clients'::regclass")
        assert cursor.fetchone() == (False,)
