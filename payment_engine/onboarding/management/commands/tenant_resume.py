from typing import Any

from django.core.management.base import CommandError, CommandParser

from config_mgmt.operations.tenants import activate_tenant
from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.console import named_tenant, operator
from payment_engine.onboarding.refusals import refusal
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples


class Command(EngineCommand):
    help = "Let a suspended or pending tenant work (again)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help=TENANT_HELP)
        parser.add_argument("--reason", default="", help="why, for its history")
        give_examples(
            parser,
            'tenant_resume demo-bank --reason "case 4711 is closed"',
        )

    def handle(self, *, tenant: str, reason: str, **_options: Any) -> None:  # noqa: ANN401
        found = named_tenant(tenant)
        try:
            with correlated():
                activate_tenant(slug=found.slug, actor=operator("tenant_resume"), reason=reason)
        except EngineError as error:
            raise CommandError(refusal(error)) from error
        self.stdout.write(f"{found.slug} {found.reference} is ACTIVE; every process sees it within a second")
