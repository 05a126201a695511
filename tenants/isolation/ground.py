"""Where the attacks take place: the tables both tenants' rows live in, and what each tenant has there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.urls import Resolver404, resolve
from psycopg import sql

from payment_engine.api.json import Json
from tenants.context import Scope, scope_of, tenant_scope, use
from tenants.models import TenantModel
from tenants.registry import TenantRecord

_TABLES_SQL: Final = Path(__file__).with_name("tables.sql").read_text()
_SAMPLES: Final = 3
_MIN_TEXT_LENGTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    constraint: str
    column: str
    referenced_table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedTable:
    """A table with a tenant_id. `unique_per_tenant` names its unique indexes that have tenant_id in their key."""

    schema: str
    name: str
    columns: tuple[str, ...]
    unique_per_tenant: frozenset[str]
    foreign_keys: tuple[ForeignKey, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return sql.Identifier(self.schema, self.name).as_string(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a tenant has, read in its own scope: how many rows, and its newest row per table (as JSON text)."""

    tenant: TenantRecord
    counts: dict[str, int]
    newest: dict[str, str]

    @property
    def slug(self) -> str:
        return self.tenant.slug

    @property
    def scope(self) -> Scope:
        return scope_of(self.tenant)

    def id_in(self, table: OwnedTable) -> str | None:
        row = self.newest.get(str(table))
        return None if row is None else str(json.loads(row)["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Raid:
    """One direction: what `attacker` tries on `victim`'s rows, in either one's tables."""

    attacker: Holdings
    victim: Holdings
    tables: tuple[OwnedTable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loot:
    """Objects of a tenant, by model, and texts that are found at this tenant only: none may ever reach the other."""

    objects: dict[type[TenantModel], list[TenantModel]] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    def ids(self) -> list[str]:
        """One id per model, as addresses of the API write it."""
        return [address_of(found[0]) for found in self.objects.values()]

    def found_in(self, text: str, *, but: str = "") -> str | None:
        """A text of the tenant that stands in `text`; `but` is what the caller itself sent."""
        lowered = text.lower()
        return next((secret for secret in sorted(self.texts) if secret.lower() in lowered and secret.lower() not in but.lower()), None)


def tenant_models() -> list[type[TenantModel]]:
    return [model for app in settings.TENANT_APPS for model in apps.get_app_config(app).get_models() if issubclass(model, TenantModel)]


def address_of(found: TenantModel) -> str:
    return str(getattr(found, "public_id", found.pk))


def owned_tables(schemas: set[str]) -> tuple[OwnedTable, ...]:
    """Every table with a tenant_id in these schemas, partitions included."""
    with use(None), connection.cursor() as cursor:
        cursor.execute(_TABLES_SQL, [sorted(schemas)])
        return tuple(
            OwnedTable(
                schema=schema,
                name=name,
                columns=tuple(columns),
                unique_per_tenant=frozenset(unique),
                foreign_keys=tuple(ForeignKey(**found) for found in _as_json(foreign_keys)),
            )
            for schema, name, columns, unique, foreign_keys in cursor.fetchall()
        )


def holdings_of(tenant: TenantRecord, tables: tuple[OwnedTable, ...]) -> Holdings:
    counts, newest = count_rows(tenant, tables), {}
    with tenant_scope(tenant), connection.cursor() as cursor:
        for table in tables:
            if counts.get(str(table)):
                cursor.execute(f"SELECT to_jsonb(t)::text FROM {table.quoted} t ORDER BY t.id DESC LIMIT 1")  # noqa: S608  # quoted
                (newest[str(table)],) = cursor.fetchone()
    return Holdings(tenant=tenant, counts=counts, newest=newest)


def count_rows(tenant: TenantRecord, tables: tuple[OwnedTable, ...], *, before: UUID | None = None) -> dict[str, int]:
    """Rows per table in the tenant's own scope; with `before` only those with an older id (ids are time-ordered)."""
    counts = {}
    with tenant_scope(tenant), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table.quoted} WHERE %s::uuid IS NULL OR id < %s", [before, before])  # noqa: S608
            counts[str(table)] = cursor.fetchone()[0]
    return counts


def loot_of(victim: TenantRecord, attacker: TenantRecord) -> Loot:
    """Up to three objects per model, their ids, and those of their texts that the attacker has in no column of its own."""
    objects: dict[type[TenantModel], list[TenantModel]] = {}
    for model in tenant_models():
        with tenant_scope(victim):
            found = list(model._base_manager.order_by("-pk")[:_SAMPLES])  # noqa: SLF001  # no custom manager hides a row from an attack
        if found:
            objects[model] = found
    ids = {text for found in objects.values() for one in found for text in (str(one.pk), UUID(str(one.pk)).hex)}
    texts = {text for model, found in objects.items() for one in found for text in _texts_of(model, one)}
    return Loot(objects=objects, texts=frozenset(ids | (texts - _words_known_to(attacker) - _texts_held_by(attacker, texts))))


def _words_known_to(attacker: TenantRecord) -> set[str]:
    """What pages show to it whatever the victim has: codes of its own payment types, choices, defaults, what the apps make public."""
    columns = [column for model in tenant_models() for column in model._meta.concrete_fields]  # noqa: SLF001  # Django's documented name
    every_column = [column for model in apps.get_models() for column in model._meta.concrete_fields]  # noqa: SLF001  # as above
    choices = {str(word) for column in every_column for choice in column.flatchoices for word in choice}
    choices |= {column.default for column in columns if isinstance(column.default, str)}
    with tenant_scope(attacker):
        coded = [model for model in tenant_models() if hasattr(model, "code")]
        codes = {str(getattr(each, "code", "")) for model in coded for each in model._base_manager.all()}  # noqa: SLF001  # as above
    parts_of_the_product = {part.label for part in apps.get_app_configs()}  # a flag named like one of them is no secret
    public = {word for part in apps.get_app_configs() if hasattr(part, "public_words") for word in part.public_words()}
    return choices | codes | parts_of_the_product | public | {settings.ISO20022_PAYMENT_TYPE}


def _is_address(text: str) -> bool:
    """An address of the product that names no object, such as the endpoint of a rate limit."""
    try:
        return text.startswith("/") and not resolve(text).kwargs
    except Resolver404:
        return False


def _text_columns(model: type[TenantModel]) -> Iterator[str]:
    for column in model._meta.concrete_fields:  # noqa: SLF001  # Django's documented name
        if isinstance(column, models.CharField | models.TextField) and not column.choices and column.name != "tenant_id":
            yield column.attname


def _texts_of(model: type[TenantModel], found: TenantModel) -> Iterator[str]:
    for column in _text_columns(model):
        value = getattr(found, column)
        if isinstance(value, str) and len(value) >= _MIN_TEXT_LENGTH and not _is_address(value):
            yield value


def _texts_held_by(tenant: TenantRecord, texts: set[str]) -> set[str]:
    """Those of them that stand in rows of the tenant, in whatever column: the names of a customer and of a party may be alike."""
    with tenant_scope(tenant):
        return {
            text
            for model in tenant_models()
            for column in _text_columns(model)
            for text in model._base_manager.filter(models.Q((f"{column}__in", texts))).values_list(column, flat=True).distinct()  # noqa: SLF001  # as above
        }


@contextmanager
def undone(scope: Scope | None) -> Iterator[Any]:
    """A cursor in a transaction of this scope that is rolled back whatever happens."""
    with use(scope), transaction.atomic():
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            transaction.set_rollback(True)


def _as_json(value: Json) -> Json:  # text or parsed, as the driver is set up
    return json.loads(value) if isinstance(value, str) else value
