from typing import Any

from django.core.management.base import CommandError

from tenants.command_line import EngineCommand


class Command(EngineCommand):
    help = "Replaced by onboard_tenant. It stands here so that nobody meets the command of this name in django-tenants."

    def run_from_argv(self, argv: list[str]) -> None:
        """Whatever options follow."""
        super().run_from_argv(argv[:2])

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401
        raise CommandError("use manage.py onboard_tenant --name demo-bank [--isolation schema], or onboard_tenant FILE.yaml")
