import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.console import operator
from payment_engine.onboarding.credentials import CredentialsFile, PrintedCredentials
from payment_engine.onboarding.refusals import refusal
from payment_engine.onboarding.run import onboard, plan_onboarding
from payment_engine.onboarding.specification import Specification, read_specification, specification_of
from payment_engine.onboarding.steps import Onboarding
from tenants.command_line import EngineCommand, give_examples
from tenants.models import Tenant
from tenants.operations.onboarding import ISOLATIONS


class Command(EngineCommand):
    help = (
        "Take on a tenant: schema, number, profile, features, payment types, API client, administrator, statistics, isolation check, "
        "activation. Each step is done only if it is missing, so run it again after any failure. With a file, the tenant is what the "
        "YAML says (docs/configuration.md); without one, what the options say."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="YAML: the members of POST /config/tenants and what it starts with")
        parser.add_argument("--name", help="its id for ever, as {company-name}[-sbx|-dev|-demo], such as demo-bank")
        parser.add_argument("--display-name", help="such as 'Demo Bank' (default: made from --name)")
        parser.add_argument("--isolation", choices=ISOLATIONS, help="shared tables (default), or a PostgreSQL schema of its own")
        parser.add_argument("--type", choices=Tenant.Type.values, help=f"default {Tenant.Type.BANK}")
        parser.add_argument("--tier", choices=Tenant.Tier.values, help=f"default {Tenant.Tier.STANDARD}")
        parser.add_argument("--plan", action="store_true", help="tell what is in place and what would be done; change nothing")
        parser.add_argument("--credentials-file", type=Path, help="write secrets there (JSON, mode 0600) instead of showing them once")
        give_examples(
            parser,
            "onboard_tenant --name north-bank --isolation schema --tier PREMIUM --plan",
            "onboard_tenant north-bank.yaml --credentials-file north-bank.json",
        )

    def handle(self, **options: Any) -> None:  # noqa: ANN401
        began_at = time.monotonic()
        try:
            with correlated():
                onboarding = self._onboarding(options)
                self._tell(f"{onboarding.slug} ({onboarding.wanted.tenant_name}), schema {onboarding.schema}")
                if options["plan"]:
                    to_do = plan_onboarding(onboarding, tell=self._tell)
                    self._tell(f"{to_do} steps to do; nothing was changed")
                    return
                onboard(onboarding, tell=self._tell)
        except EngineError as error:
            raise CommandError(refusal(error)) from error
        self._tell(f"{onboarding.slug} is onboarded ({time.monotonic() - began_at:.1f} s)")

    def _onboarding(self, options: dict[str, Any]) -> Onboarding:
        wanted = _wanted(options)
        path: Path | None = options["credentials_file"]
        credentials = PrintedCredentials(self._tell) if path is None else CredentialsFile(path, wanted.tenant_id)
        return Onboarding(wanted=wanted, actor=operator("onboard_tenant"), credentials=credentials)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _wanted(options: dict[str, Any]) -> Specification:
    if options["file"] is not None:
        if any(options[name] is not None for name in ("name", "display_name", "isolation", "type", "tier")):
            raise CommandError("name a file or say it with options, not both")
        return read_specification(options["file"])
    if not options["name"]:
        raise CommandError("name a YAML file, or a tenant with --name")
    name: str = options["name"]
    said = {
        "tenantId": name,
        "tenantName": options["display_name"] or name.replace("-", " ").title(),
        "tenantType": options["type"],
        "subscriptionTier": options["tier"],
        "isolation": options["isolation"] or "shared",
    }
    return specification_of({member: value for member, value in said.items() if value is not None})
