"""Creating tenants and the schemas of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

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
from tenants.naming import environment_of, is_reference, naming_errors
from tenants.profiles import TenantProfile, profile_errors

ISOLATIONS: Final = ("shared", "schema")
_FIRST_NUMBER: Final = 100_001
_RESERVED_SCHEMAS: Final = frozenset({POOL_SCHEMA, "public", "tenants", "information_schema"})
_SCHEMA_LOCK: Final = 0x54656E73  # "Tens": with a schema's name, one process at a time makes it
_LOCK: Final = 0x54656E616E747321  # "Tenants!" in ASCII: one tenant at a time gets its number
_NOTHING_KNOWN: Final = TenantProfile()


def create_tenant(
    *,
    slug: str,
    name: str,
    tenant_type: str = Tenant.Type.BANK,
    tier: str = Tenant.Tier.STANDARD,
    isolation: str = "shared",
    reference: str | None = None,
    status: str = Tenant.Status.ACTIVE,
    profile: TenantProfile = _NOTHING_KNOWN,
    legacy_name: bool = False,
    requested: dict[str, Any] | None = None,
) -> Tenant:
    """Create a tenant; with `isolation="schema"` in a PostgreSQL schema of its own (owner login needed).

    Numbers (TIDLT-1000NN) are handed out one after the other under a lock that is held to the end of the transaction, so
    one that fails leaves no gap. A slug that exists raises TenantExists before any schema is made for it. `requested`
    keeps what waits for the owner's login; `legacy_name` admits names from before the environment suffixes.
    """
    check_tenant(
        slug=slug,
        name=name,
        tenant_type=tenant_type,
        tier=tier,
        isolation=isolation,
        profile=profile,
        reference=reference,
        legacy=legacy_name,
    )
    _refuse_existing(slug, reference)
    placement = _placement(slug, isolation)
    with transaction.atomic():
        _one_at_a_time()
        _refuse_existing(slug, reference)
        tenant = Tenant.objects.create(
            slug=slug,
            reference=reference or _next_reference(),
            name=name.strip(),
            tenant_type=tenant_type,
            tier=tier,
            status=status,
            placement=placement,
            requested=requested,
            **{"environment": environment_of(slug), **profile.given()},
        )
        transaction.on_commit(registry.forget)
    registry.forget()
    return tenant


def check_tenant(
    *,
    slug: str,
    name: str,
    tenant_type: str,
    tier: str,
    isolation: str,
    profile: TenantProfile = _NOTHING_KNOWN,
    reference: str | None = None,
    legacy: bool = False,
) -> None:
    """Raises TenantNameInvalid with every reason why no such tenant can be made, whether or not one exists."""
    environment = profile.environment or environment_of(slug)
    errors = [
        *naming_errors(slug=slug, name=name, environment=environment, legacy=legacy),
        *_choice_errors("/tenantType", tenant_type, Tenant.Type.values),
        *_choice_errors("/subscriptionTier", tier, Tenant.Tier.values),
        *_choice_errors("/isolation", isolation, ISOLATIONS),
        *profile_errors(profile),
    ]
    if reference is not None and not is_reference(reference):
        errors.append(
            FieldError(pointer="/reference", code="name_invalid", detail="a number is TIDLT- and six digits, such as TIDLT-100008")
        )
    if not errors and isolation == "schema":
        errors += _schema_errors(schema_name_of(slug))
    if errors:
        raise TenantNameInvalid("; ".join(f"{error.pointer[1:]}: {error.detail}" for error in errors), errors=errors)


def schema_name_of(slug: str) -> str:
    """The PostgreSQL schema of a tenant that has its own."""
    return slug.replace("-", "_")


def ensure_placement(schema_name: str) -> Placement:
    """The placement of a schema, made and migrated when it is missing; safe to run again after a crash at any point."""
    if errors := list(_schema_errors(schema_name)):
        raise TenantNameInvalid(errors[0].detail, errors=errors)
    if not is_owner_login():
        raise OwnerLoginRequired("a schema is made with the owner login (DATABASE_OWNER_URL), not with the application's")
    with _alone_with(schema_name):
        if not schema_exists(schema_name):
            _create_schema(schema_name)
        elif not Placement.objects.filter(schema_name=schema_name).exists():
            _refuse_others_schema(schema_name)
            _start_anew(schema_name)
        call_command("migrate_schemas", schema_name=schema_name, interactive=False, verbosity=0)
    placement: Placement = Placement.objects.get_or_create(schema_name=schema_name)[0]
    return placement


@contextmanager
def _alone_with(schema_name: str) -> Iterator[None]:
    """Of a process that was killed, PostgreSQL carries out the statement that was under way, and only then ends its session.

    A lock of the session keeps whoever runs it again waiting for that: else both would make the same tables. Migrating
    closes the connection at its end, so there may be nothing left to unlock.
    """
    names = (_SCHEMA_LOCK, schema_name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", names)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", names)


def _create_schema(schema_name: str) -> None:
    """Empty: migrate_schemas notes what of the shared apps it needs not pass through (tenants.database.boot)."""
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{schema_name}"')


def _start_anew(schema_name: str) -> None:
    """Drop what a crash left of a schema, unless something was ever written to one of its tables.

    Django records a migration after the transaction that made its tables: whoever goes on after a process that was killed
    between the two would find them in the way. Sizes tell, as row-level security shows the owner no rows.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_or(pg_relation_size(oid) > 0) FROM pg_class"
            " WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND relname <> 'django_migrations'",
            [f'"{schema_name}"'],
        )
        (written_to,) = cursor.fetchone()
        if written_to:
            return
        cursor.execute(f'DROP SCHEMA "{schema_name}" CASCADE')
        _create_schema(schema_name)


def _placement(slug: str, isolation: str) -> Placement:
    if isolation == "schema":
        made: Placement | None = Placement.objects.filter(schema_name=schema_name_of(slug)).first()
        return made or ensure_placement(schema_name_of(slug))
    pool: Placement = Placement.objects.get(schema_name=POOL_SCHEMA)
    return pool


def _refuse_others_schema(schema_name: str) -> None:
    """One that somebody uses for something else; an empty one, or one with our migrations, is what a crash left behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_or(relname = 'django_migrations') FROM pg_class WHERE relnamespace = %s::regnamespace", [f'"{schema_name}"']
        )
        (ours,) = cursor.fetchone()
    if ours is False:
        raise TenantNameInvalid(f"the database has a schema {schema_name} already, which is not of this engine")


def _refuse_existing(slug: str, reference: str | None) -> None:
    if Tenant.objects.filter(slug=slug).exists():
        raise TenantExists(f"a tenant {slug} exists already")
    if reference is not None and Tenant.objects.filter(reference=reference).exists():
        raise TenantExists(f"another tenant has the number {reference}")


def _choice_errors(pointer: str, value: str, choices: "list[str] | tuple[str, ...]") -> Iterator[FieldError]:
    if value not in choices:
        yield FieldError(pointer=pointer, code="value_unknown", detail=f"{pointer[1:]} is one of: {', '.join(choices)}")


def _schema_errors(schema_name: str) -> Iterator[FieldError]:
    if schema_name in _RESERVED_SCHEMAS or schema_name.startswith("pg_"):
        detail = f"{schema_name} is a schema of the engine itself or of PostgreSQL"
        yield FieldError(pointer="/tenantId", code="name_invalid", detail=detail)


def _one_at_a_time() -> None:
    """A queue of creations is worked off, where a request would give up after the login's usual wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '25s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _next_reference() -> str:
    highest: str | None = Tenant.objects.filter(reference__gte=f"TIDLT-{_FIRST_NUMBER}").aggregate(highest=Max("reference"))["highest"]
    number = int(highest.removeprefix("TIDLT-")) + 1 if highest else _FIRST_NUMBER
    return f"TIDLT-{number:06d}"
