from collections import Counter
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.console import as_table, operator
from payment_engine.onboarding.inventory import INVENTORY, Done, import_tenants, inventory_row, read_inventory
from payment_engine.onboarding.refusals import refusal
from tenants.command_line import EngineCommand, give_examples

_ALWAYS_TOLD: Final = (Done.MADE, Done.IN_PLACE)


class Command(EngineCommand):
    help = (
        "Take on the tenants of an inventory, with the numbers they have: CSV with the columns Tenant ID, Tenant Name, Environment, Status "
        "and, if known, Database, Primary Region, Company, Type, Tier. A tenant that is there follows the file's "
        "Status, by the same step as tenant_suspend and tenant_resume take. All or none; run again it changes nothing."
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
        said = {what: f"would be {what}" if plan and what != Done.IN_PLACE else str(what) for what in Done}
        rows = [(said[each.done], *inventory_row(each.tenant)) for each in done]
        self.stdout.write("\n".join(as_table([("", *INVENTORY), *rows])))
        counts = Counter(each.done for each in done)
        self.stdout.write(", ".join(f"{counts[what]} {said[what]}" for what in Done if counts[what] or what in _ALWAYS_TOLD))
