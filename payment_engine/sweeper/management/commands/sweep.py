import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import DatabaseError, close_old_connections

from payment_engine.sweeper.work import sweep_once
from tenants.command_line import EngineCommand, give_examples

MAX_INTERVAL_SECONDS: Final = 3600
_log = logging.getLogger(__name__)


class Command(EngineCommand):
    help = "Find due work in PostgreSQL and do it, for ever: fold balances, finish messages a dead process left behind."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round over all tenants, then stop")
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between rounds that found nothing (default 1)")
        give_examples(
            parser,
            "sweep",
            "sweep --once",
        )

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        if not 0 < options["interval"] <= MAX_INTERVAL_SECONDS:
            raise CommandError(f"--interval is more than 0 seconds and at most {MAX_INTERVAL_SECONDS}")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            if not self._round() and not options["once"]:
                stop.wait(options["interval"])
            if options["once"]:
                return

    def _round(self) -> int:
        try:
            close_old_connections()
            return sweep_once()
        except DatabaseError as error:
            _log.warning("the sweeper can't reach the database", extra={"context": {"error": str(error)}})
            return 0
