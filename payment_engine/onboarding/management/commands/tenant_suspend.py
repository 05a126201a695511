from typing import Any

from django.core.management.base import CommandError, CommandParser

from config_mgmt.operations.tenants import suspend_tenant
from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.console import named_tenant, operator, reason_given
from payment_engine.onboarding.refusals import refusal
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples
from tenants.models import Tenant


class Command(EngineCommand):
    help = "Suspend a tenant: it reads, new money is refused with 403 tenant_suspended, what is in flight completes. tenant_resume ends it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help=TENANT_HELP)
        parser.add_argument("--reason", required=True, type=reason_given, help="why, for its history")
        give_examples(
            parser,
            'tenant_suspend demo-bank --reason "asked for by the supervisor, case 4711"',
        )

    def handle(self, *, tenant: str, reason: str, **_options: Any) -> None:  # noqa: ANN401
        found = named_tenant(tenant)
        try:
            with correlated():
                suspend_tenant(slug=found.slug, actor=operator("tenant_suspend"), reason=reason)
        except EngineError as error:
            raise CommandError(refusal(error)) from error
        if found.status == Tenant.Status.SUSPENDED:
            self.stdout.write(f"{found.slug} {found.reference} was SUSPENDED already: nothing changed, and the reason given then stands")
            return
        self.stdout.write(f"{found.slug} {found.reference} is SUSPENDED; every process sees it within a second")
