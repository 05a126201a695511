import json
from typing import Any

from django.core.management.base import CommandParser

from payment_engine.onboarding.console import as_table
from payment_engine.onboarding.inventory import INVENTORY, inventory_row
from tenants.command_line import EngineCommand, give_examples
from tenants.models import Tenant


class Command(EngineCommand):
    help = "The inventory: every tenant with its number, environment, tier, status, and where its rows live."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--status", choices=Tenant.Status.values)
        parser.add_argument("--tier", choices=Tenant.Tier.values)
        parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")
        give_examples(
            parser,
            "tenant_list --status SUSPENDED",
            "tenant_list --tier PREMIUM --json",
        )

    def handle(self, *, status: str | None, tier: str | None, **options: Any) -> None:  # noqa: ANN401
        wanted = {name: value for name, value in {"status": status, "tier": tier}.items() if value}
        tenants = Tenant.objects.filter(**wanted).select_related("placement").order_by("reference")
        rows = [inventory_row(tenant) for tenant in tenants]
        if options["json"]:
            self.stdout.write(json.dumps([dict(zip(INVENTORY, row, strict=True)) for row in rows], indent=1))
        elif rows:
            self.stdout.write("\n".join(as_table([INVENTORY, *rows])))
        else:
            self.stdout.write("There is no such tenant" if wanted else "There is no tenant yet: manage.py onboard_tenant --name demo-bank")
