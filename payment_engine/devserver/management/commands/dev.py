from argparse import ArgumentParser

from django.core.management.base import CommandError

from payment_engine.devserver.stack import Refused, add_arguments, dev_run_of, run_dev
from tenants.command_line import EngineCommand, give_examples


class Command(EngineCommand):
    help = "Run the whole product in this terminal: PostgreSQL, Valkey, demo data, web, Celery worker and beat, sweeper."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)
        give_examples(
            parser,
            "dev",
            "dev --port 8100 --data-dir .other --reset",
        )

    def handle(self, *_args: object, **options: object) -> None:
        try:
            code = run_dev(dev_run_of(options))
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        if code:
            raise SystemExit(code)
