import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tenants.context import POOL_SCHEMA
from tenants.models import Tenant

_COLUMNS = ("slug", "reference", "name", "status", "tier", "isolation", "schema")


class Command(BaseCommand):
    help = "List the tenants and where their rows live."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")

    def handle(self, *, json: bool, **_options: Any) -> None:  # noqa: ANN401
        rows = [_row(tenant) for tenant in Tenant.objects.select_related("placement").order_by("slug")]
        if json:
            self.stdout.write(_as_json(rows))
        elif rows:
            self.stdout.write("\n".join(_as_table([_COLUMNS, *rows])))
        else:
            self.stdout.write("There is no tenant yet: manage.py create_tenant --slug demo-bank --name 'Demo Bank'")


def _row(tenant: Tenant) -> tuple[str, ...]:
    isolation = "shared" if tenant.schema == POOL_SCHEMA else "schema"
    return tenant.slug, tenant.reference, tenant.name, tenant.status, tenant.tier, isolation, tenant.schema


def _as_json(rows: list[tuple[str, ...]]) -> str:
    return json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows], indent=1)


def _as_table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
