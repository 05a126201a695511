from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from payment_engine.devserver.demo import DEFAULT_BASE_URL, seed_demo
from payment_engine.errors import EngineError
from tenants.command_line import EngineCommand, give_examples


class Command(EngineCommand):
    help = "Make the demo tenants, accounts and logins that are missing, and write the file that leads scripts to them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = settings.DATA_DIR / "demo.json"
        parser.add_argument("--output", type=Path, default=where, help="where to write it (default %(default)s)")
        parser.add_argument("--base-url", help=f"where the engine will be reached (default what the file says, else {DEFAULT_BASE_URL})")
        parser.add_argument(
            "--reset-secrets",
            action="store_true",
            help="new passwords and client secrets for demo logins that exist and that the file lacks; refused otherwise",
        )
        give_examples(
            parser,
            "seed_demo --output demo.json --base-url http://127.0.0.1:8000",
            "seed_demo --output demo.json --reset-secrets",
        )

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        if settings.PRODUCTION:
            raise CommandError("demo data does not belong on a production system")
        try:
            seed_demo(output=options["output"], base_url=options["base_url"], reset_secrets=options["reset_secrets"])
        except EngineError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"demo data is ready: {options['output']}")
