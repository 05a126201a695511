#!/usr/bin/env python
"""Payment Engine's command line. Commands that change the database's structure use the owner login by themselves."""

import os
import sys

OWNER_COMMANDS = {"migrate", "migrate_schemas", "makemigrations", "sqlmigrate", "create_tenant", "seed_demo"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_LOGIN", "owner")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # after the environment is set

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
