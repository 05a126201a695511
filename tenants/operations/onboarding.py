"""Creating tenants and the schemas of their own."""

from typing import Final

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Max
from django_tenants.utils import schema_exists

from payment_engine.errors import FieldError
from tenants import registry
from tenants.context import POOL_SCHEMA
from tenants.database.login import is_owner_login
from tenants.errors import OwnerLoginRequired, TenantExists, TenantNameInvalid
from tenants.models import Placement, Tenant
from tenants.models.tenants import slug_validator

ISOLATIONS: Final = ("shared", "schema")
_FIRST_NUMBER: Final = 100_001
_LONGEST_SLUG, _LONGEST_NAME = 50, 140
_RESERVED_SCHEMAS: Final = frozenset({POOL_SCHEMA, "public", "tenants", "information_schema"})


def create_tenant(
    *,
    slug: str,
    name: str,
    tenant_type: str = Tenant.Type.BANK,
    tier: str = Tenant.Tier.STANDARD,
    isolation: str = "shared",
    reference: str | None = None,
) -> Tenant:
    """Create an active tenant; with `isolation="schema"` in a PostgreSQL schema of its own (owner login needed).

    Numbers (TIDLT-1000NN) are handed out one after the other under a table lock. A slug that exists raises TenantExists
    before any schema is made for it.
    """
    _check_names(slug, name)
    _refuse_existing(slug)
    placement = _placement(slug, isolation)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE")
        _refuse_existing(slug)
        tenant = Tenant.objects.create(
            slug=slug, reference=reference or _next_reference(), name=name, tenant_type=tenant_type, tier=tier, placement=placement
        )
    registry.forget()
    return tenant


def ensure_placement(schema_name: str) -> Placement:
    """The placement of a schema, made and migrated when it is missing; safe to run again after a crash at any point."""
    if schema_name in _RESERVED_SCHEMAS or schema_name.startswith("pg_"):
        raise TenantNameInvalid(f"{schema_name} is a schema of the engine itself or of PostgreSQL")
    if not is_owner_login():
        raise OwnerLoginRequired("a schema is made with the owner login (DATABASE_OWNER_URL), not with the application's")
    if not schema_exists(schema_name):
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{schema_name}"')
    call_command("migrate_schemas", schema_name=schema_name, interactive=False, verbosity=0)
    placement: Placement = Placement.objects.get_or_create(schema_name=schema_name)[0]
    return placement


def _placement(slug: str, isolation: str) -> Placement:
    if isolation not in ISOLATIONS:
        detail = f"isolation is one of: {', '.join(ISOLATIONS)}"
        raise TenantNameInvalid(detail, errors=[FieldError(pointer="/isolation", code="value_unknown", detail=detail)])
    if isolation == "schema":
        return ensure_placement(slug.replace("-", "_"))
    pool: Placement = Placement.objects.get(schema_name=POOL_SCHEMA)
    return pool


def _refuse_existing(slug: str) -> None:
    if Tenant.objects.filter(slug=slug).exists():
        raise TenantExists(f"a tenant {slug} exists already")


def _check_names(slug: str, name: str) -> None:
    if len(slug) > _LONGEST_SLUG or slug_validator.regex.fullmatch(slug) is None:  # type: ignore[union-attr]  # compiled on access
        raise TenantNameInvalid(
            f"a tenant id has at most {_LONGEST_SLUG} lowercase letters, digits and single hyphens and starts with a letter"
        )
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise TenantNameInvalid(f"a tenant has a name of at most {_LONGEST_NAME} characters")


def _next_reference() -> str:
    highest: str | None = Tenant.objects.filter(reference__gte=f"TIDLT-{_FIRST_NUMBER}").aggregate(highest=Max("reference"))["highest"]
    number = int(highest.removeprefix("TIDLT-")) + 1 if highest else _FIRST_NUMBER
    return f"TIDLT-{number:06d}"
