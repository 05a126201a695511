from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from payment_engine.clock import now
from payment_engine.errors import EngineError
from payment_engine.observability.correlation import correlated
from payment_engine.onboarding.closing import close_tenant
from payment_engine.onboarding.console import named_tenant, operator, reason_given
from payment_engine.onboarding.refusals import refusal
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples
from tenants.models import Tenant


class Command(EngineCommand):
    help = (
        "Close a tenant for ever: suspend it, export everything it has into an archive (ZIP of JSON lines with counts and checksums, "
        "mode 0600), read that back, then DECOMMISSIONED. Nothing is deleted. Refused while customers' money is there or anything is "
        "under way."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help=TENANT_HELP)
        parser.add_argument("--reason", required=True, type=reason_given, help="why, for its history")
        parser.add_argument("--archive", type=Path, help="file to write (default ./SLUG-NUMBER-TIME.zip); never overwritten")
        parser.add_argument("--force", action="store_true", help="close it although money is there or something is under way")
        give_examples(
            parser,
            'tenant_close north-bank --reason "merged with South Bank" --archive /var/archive/north-bank.zip',
        )

    def handle(self, *, tenant: str, reason: str, archive: Path | None, force: bool, **_options: Any) -> None:  # noqa: ANN401
        found = named_tenant(tenant)
        if found.status == Tenant.Status.DECOMMISSIONED:
            self.stdout.write(f"{found.slug} {found.reference} is DECOMMISSIONED already")
            return
        path = archive or Path(f"{found.slug}-{found.reference}-{now():%Y%m%dT%H%M%SZ}.zip")
        try:
            with correlated():
                close_tenant(tenant=found, actor=operator("tenant_close"), reason=reason, archive=path, force=force, tell=self.stdout.write)
        except EngineError as error:
            raise CommandError(refusal(error)) from error
