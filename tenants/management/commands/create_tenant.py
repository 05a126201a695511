from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from payment_engine.errors import EngineError
from tenants.context import POOL_SCHEMA
from tenants.models import Tenant
from tenants.operations.onboarding import ISOLATIONS, create_tenant


class Command(BaseCommand):
    help = "Create a tenant. Asked again for the same tenant it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="its id for ever: lowercase letters, digits and hyphens, such as demo-bank")
        parser.add_argument("--name", required=True)
        parser.add_argument("--isolation", choices=ISOLATIONS, default="shared", help="shared tables, or a PostgreSQL schema of its own")
        parser.add_argument("--type", choices=Tenant.Type.values, default=Tenant.Type.BANK)
        parser.add_argument("--tier", choices=Tenant.Tier.values, default=Tenant.Tier.STANDARD)

    def handle(self, *, slug: str, name: str, isolation: str, type: str, tier: str, **_options: Any) -> None:  # noqa: A002, ANN401
        try:
            existing = Tenant.objects.select_related("placement").filter(slug=slug).first()
            if existing is not None:
                _refuse_difference(existing, name=name, isolation=isolation)
            tenant = existing or create_tenant(slug=slug, name=name, isolation=isolation, tenant_type=type, tier=tier)
        except EngineError as error:
            raise CommandError(error.detail) from error
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(f"PostgreSQL refused: {error}. Is the database migrated, and DATABASE_OWNER_URL its owner?") from error
        verb = "exists already" if existing else "created"
        self.stdout.write(f"{verb}: {tenant.slug} {tenant.reference} {tenant.status}, {isolation}, schema {tenant.schema}")


def _refuse_difference(existing: Tenant, *, name: str, isolation: str) -> None:
    has = "shared" if existing.schema == POOL_SCHEMA else "schema"
    if (existing.name, has) != (name, isolation):
        raise CommandError(f"{existing.slug} exists already, as {existing.name!r} with isolation {has}; it is not changed by this command")
