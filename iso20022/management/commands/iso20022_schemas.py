import hashlib
from typing import Any

from django.core.management.base import CommandError, CommandParser

from iso20022.schema_manifest import MANIFEST
from iso20022.schemas import compiled, read_xsd
from tenants.command_line import EngineCommand, give_examples


class Command(EngineCommand):
    help = "The XML schemas of ISO 20022: list them, or check that the installed packages still give those whose hashes are committed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "check"])
        give_examples(
            parser,
            "iso20022_schemas check",
        )

    def handle(self, *, action: str, **_options: Any) -> None:  # noqa: ANN401
        changed = []
        for message_type, entry in MANIFEST.items():
            if action == "list":
                self.stdout.write(f"{message_type:<18}{entry.origin.value:<13}{entry.sha256}")
                continue
            found = hashlib.sha256(read_xsd(message_type)).hexdigest()
            if found == entry.sha256:
                compiled(message_type)
                self.stdout.write(f"{message_type:<18}{self.style.SUCCESS('ok')}")
            else:
                changed.append(message_type)
                self.stdout.write(f"{message_type:<18}{self.style.ERROR('changed')} {found}")
        if changed:
            raise CommandError(f"{len(changed)} of {len(MANIFEST)} schemas changed: {', '.join(changed)}")
