from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.console import as_table, operator
from payment_engine.onboarding.inventory import INVENTORY, import_tenants, inventory_row, read_inventory
from payment_engine.onboarding.refusals import refusal
from tenants.command_line import give_examples


class Command(BaseCommand):
    help = (
        "Take on the tenants of an inventory, with the numbers they have: CSV with the columns Tenant ID, Tenant Name, Environment, Status "
        "and, if known, Database, Primary Region, Company, Type, Tier. All or none; run again it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--plan", action="store_true", help="try it and tell what would be done; keep nothing")
        give_examples(
            parser,
            "import_tenants inventory.csv --plan",
            "import_tenants inventory.csv",
        )

    def handle(self, *, file: Path, plan: bool, **_options: Any) -> None:  # noqa: ANN401
        try:
            with correlated():
                done = import_tenants(rows=read_inventory(file), actor=operator("import_tenants"), plan=plan)
        except EngineError as error:
            raise CommandError(refusal(error)) from error
        new = "would be made" if plan else "made"
        rows = [(new if each.created else "in place", *inventory_row(each.tenant)) for each in done]
        self.stdout.write("\n".join(as_table([("", *INVENTORY), *rows])))
        self.stdout.write(f"{sum(each.created for each in done)} {new}, {sum(not each.created for each in done)} in place")
