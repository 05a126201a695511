import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.queries.verify import Verdict
from payments.queries.verify import verify_tenant
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples, tenant_named
from tenants.context import tenant_scope
from tenants.registry import all_tenants


class Command(EngineCommand):
    help = "Prove from the postings that every balance and every payment is right. Exit code 1 and a line for each violation if not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help=f"{TENANT_HELP}; all tenants when it is not given")
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
        give_examples(
            parser,
            "verify_ledger",
            "verify_ledger --tenant demo-bank --json",
        )

    def handle(self, *, tenant: str | None, json: bool, **_options: Any) -> None:  # noqa: ANN401
        tenants = all_tenants() if tenant is None else [tenant_named(tenant)]
        verdicts: dict[str, list[Verdict]] = {}
        for record in tenants:
            with tenant_scope(record):
                verdicts[record.slug] = verify_tenant()
            if not json:
                self._print_table(record.slug, verdicts[record.slug])
        violations = sum(verdict.violation_count for of_tenant in verdicts.values() for verdict in of_tenant)
        if json:
            self._print_json(verdicts, violations)
        if violations:
            raise CommandError(f"{violations} violations in {len(verdicts)} tenants")
        if not json:
            self.stdout.write(self.style.SUCCESS(f"no violation in {len(verdicts)} tenants"))

    def _print_table(self, slug: str, verdicts: list[Verdict]) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(slug))
        for verdict in verdicts:
            wrong = verdict.violation_count
            word = self.style.ERROR(f"{wrong} wrong") if wrong else self.style.SUCCESS("ok")
            self.stdout.write(f"  {verdict.check:<36}{verdict.checked:>12,}  {word}")
            for violation in verdict.violations:
                self.stdout.write(f"    {violation.subject}: {violation.detail}")

    def _print_json(self, verdicts: dict[str, list[Verdict]], violations: int) -> None:
        tenants = {slug: [asdict(verdict) for verdict in of_tenant] for slug, of_tenant in verdicts.items()}
        self.stdout.write(json.dumps({"violations": violations, "tenants": tenants}, indent=1))
