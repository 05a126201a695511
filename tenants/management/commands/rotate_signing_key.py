from typing import Any

from django.core.management.base import CommandParser

from tenants.command_line import EngineCommand, give_examples
from tenants.operations.keys import rotate_signing_key


class Command(EngineCommand):
    help = "Sign access tokens with a new key. Tokens of the old ones work until they expire."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retire-now", action="store_true", help="a key got out: refuse its tokens within five seconds")
        give_examples(
            parser,
            "rotate_signing_key",
            "rotate_signing_key --retire-now",
        )

    def handle(self, *, retire_now: bool, **_options: Any) -> None:  # noqa: ANN401
        self.stdout.write(rotate_signing_key(retire_now=retire_now))
