from typing import Any

from django.core.management.base import CommandError, CommandParser

from payment_engine.errors import EngineError
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples, tenant_named
from tenants.operations.clients import create_api_client
from tenants.scopes import TENANT_SCOPES


class Command(EngineCommand):
    help = "Create an API client and print its id and secret. The secret is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        owner = parser.add_mutually_exclusive_group(required=True)
        owner.add_argument("--tenant", help=TENANT_HELP)
        owner.add_argument("--platform", action="store_true", help="a client of the platform, of no tenant")
        parser.add_argument("--name", required=True)
        parser.add_argument("--person", default="", help="user name of who answers for it: nobody approves what they asked for themselves")
        parser.add_argument("--scope", required=True, help=f"separated by spaces: {' '.join(sorted(TENANT_SCOPES))}")
        give_examples(
            parser,
            'create_api_client --tenant demo-bank --name shop --person ada --scope "payments:read payments:write"',
            "create_api_client --platform --name monitoring --scope audit:read",
        )

    def handle(self, *, tenant: str | None, name: str, scope: str, person: str, **_options: Any) -> None:  # noqa: ANN401
        slug = None if tenant is None else tenant_named(tenant).slug
        try:
            credentials = create_api_client(tenant=slug, name=name, scopes=scope.split(), person=person)
        except EngineError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"client_id={credentials.client_id}\nclient_secret={credentials.client_secret}")
