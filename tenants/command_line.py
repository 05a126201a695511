"""What manage.py's commands have in common: a quick start, naming a tenant, and examples in their --help."""

from argparse import ArgumentParser
from typing import Final

from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from tenants import registry
from tenants.errors import TenantUnknown
from tenants.registry import TenantRecord, tenant_by_slug_or_reference

TENANT_HELP: Final = "slug (demo-bank) or number (TIDLT-100002)"


class EngineCommand(BaseCommand):
    """Without Django's checks of the whole project before it, which load every page for half a second: `manage.py check` is for them."""

    requires_system_checks = []


def tenant_named(text: str) -> TenantRecord:
    """As the database has it now. Raises CommandError."""
    registry.forget()
    try:
        return tenant_by_slug_or_reference(text)
    except TenantUnknown as error:
        raise CommandError(f"{error.detail}: {text}. See manage.py tenant_list") from error


def give_examples(parser: ArgumentParser, *examples: str) -> None:
    """Show these below the options, each on a line of its own."""
    parser.epilog = "\n  manage.py ".join(["examples:", *examples])
    parser.formatter_class = _KeepsExamples


class _KeepsExamples(DjangoHelpFormatter):
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("examples:") else super()._fill_text(text, width, indent)
