from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from payment_engine.errors import EngineError
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples, tenant_named
from tenants.models import Tenant
from tenants.queries.grantable_clients import client_for
from tenants.registry import TenantRecord
from tenants.tokens import issue_access_token

MAX_TTL_SECONDS = 24 * 3600
_REFUSED: Final[Mapping[str, str]] = {
    Tenant.Status.SUSPENDED: "calls that change something are refused",
    Tenant.Status.PENDING_ACTIVATION: "every call is refused",
}


class Command(EngineCommand):
    help = "Print an access token, and nothing else, for use in a shell: TOKEN=$(manage.py issue_token --tenant demo-bank)"

    def add_arguments(self, parser: CommandParser) -> None:
        owner = parser.add_mutually_exclusive_group(required=True)
        owner.add_argument("--tenant", help=TENANT_HELP)
        owner.add_argument("--platform", action="store_true", help="for a client of the platform, of no tenant")
        parser.add_argument("--scope", help="separated by spaces; all that the client has when it is not given")
        parser.add_argument("--client", help="client id; otherwise the first client that has the scopes")
        parser.add_argument("--ttl", type=int, default=settings.ACCESS_TOKEN_LIFETIME_SECONDS, help="seconds, at most a day")
        give_examples(
            parser,
            "issue_token --tenant demo-bank",
            'issue_token --tenant demo-bank --scope "payments:write payments:read" --ttl 600',
            "issue_token --platform",
        )

    def handle(self, *, tenant: str | None, scope: str | None, client: str | None, ttl: int, **_options: Any) -> None:  # noqa: ANN401
        if not 0 < ttl <= MAX_TTL_SECONDS:
            raise CommandError(f"--ttl is between 1 and {MAX_TTL_SECONDS} seconds")
        wanted = scope.split() if scope is not None else []
        if scope is not None and not wanted:
            raise CommandError("--scope names at least one scope; leave it out for all that the client has")
        owner = None if tenant is None else _open_tenant(tenant)
        slug = None if owner is None else owner.slug
        try:
            found = client_for(tenant=slug, scopes=frozenset(wanted), client_id=client)
        except EngineError as error:
            raise CommandError(error.detail) from error
        scopes = wanted or found.scopes.split()
        self.stdout.write(issue_access_token(client_id=found.client_id, tenant=slug, scopes=scopes, lifetime_seconds=ttl))
        if owner is not None and not owner.is_active:
            self.stderr.write(f"{owner.slug} is {owner.status}: {_REFUSED[owner.status]} until manage.py tenant_resume {owner.slug}")


def _open_tenant(text: str) -> TenantRecord:
    tenant = tenant_named(text)
    if tenant.status == Tenant.Status.DECOMMISSIONED:
        raise CommandError(f"{tenant.slug} is {tenant.status}: every call of it is refused, for ever")
    return tenant
