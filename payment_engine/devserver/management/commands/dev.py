from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from payment_engine.devserver.stack import PROJECT, DevRun, Refused, run_dev


class Command(BaseCommand):
    help = "Run the whole product in this terminal: PostgreSQL, Valkey, demo data, web, Celery worker and beat, sweeper."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server on 127.0.0.1")
        parser.add_argument("--data-dir", type=Path, default=PROJECT / ".local", help="databases, secrets and demo.json (default .local)")
        parser.add_argument("--workers", type=int, default=2, help="web processes, and Celery processes")
        parser.add_argument("--reset", action="store_true", help="forget all data first")

    def handle(self, *, port: int, data_dir: Path, workers: int, reset: bool, **_options: object) -> None:
        try:
            code = run_dev(DevRun(port=port, data_dir=data_dir.resolve(), workers=workers, reset=reset))
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        if code:
            raise SystemExit(code)
