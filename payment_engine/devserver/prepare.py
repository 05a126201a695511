"""One step of a dev run, in one process because starting Django is most of its cost: migrations, then demo data.

`python -m payment_engine.devserver.prepare DEMO_FILE BASE_URL`, with DATABASE_LOGIN=owner in the environment.
"""

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command


def main(demo_file: str, base_url: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("seed_demo", output=Path(demo_file), base_url=base_url, reset_secrets=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
