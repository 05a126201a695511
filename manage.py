#!/usr/bin/env python
"""Payment Engine's command line. Commands that change the database's structure use the owner login by themselves.

Without a DATABASE_URL it works on what `make run` has started from this folder (another one: DATA_DIR=…).
"""

import os
import signal
import sys

OWNER_COMMANDS = {"migrate", "migrate_schemas", "makemigrations", "sqlmigrate", "onboard_tenant", "seed_demo"}
STARTS_ITS_OWN = {"dev"}
UNDEFINED_TABLE = "42P01"


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
    try:
        "\0".join(sys.argv).encode()
    except UnicodeEncodeError as error:
        number = error.object.count("\0", 0, error.start)
        sys.exit(f"argument {number} is not UTF-8: {error.object.split(chr(0))[number].encode(errors='backslashreplace').decode()}")
    if command in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_LOGIN", "owner")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415  # after the environment is set
        from django.db import OperationalError, ProgrammingError  # noqa: PLC0415

        from payment_engine.devserver.addresses import use_running_stack  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.exit(f"{error}. `make run` or `make test` installs everything into .venv; then: .venv/bin/python manage.py {command}")
    if command not in STARTS_ITS_OWN:
        use_running_stack()
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(128 + signal.SIGINT)
    except ProgrammingError as error:
        if "--traceback" in sys.argv or getattr(error.__cause__, "sqlstate", None) != UNDEFINED_TABLE:
            raise
        sys.exit(f"{str(error).splitlines()[0]}\nThe database is not of this release: manage.py migrate (docs/operations.md).")
    except OperationalError as error:
        if "--traceback" in sys.argv or getattr(error.__cause__, "sqlstate", None):
            raise
        sys.exit(f"{str(error).strip()}\nStart it with `make run`, or say where it is: DATABASE_URL=… or DATA_DIR=… (docs/operations.md).")


if __name__ == "__main__":
    main()
