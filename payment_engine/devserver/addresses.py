"""Where the running dev stack is: a file beside its data, so that `manage.py` in another terminal finds the same databases."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from payment_engine.devserver.servers import keep_secret

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
_NAMES: Final = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL", "REDIS_URL", "DJANGO_SECRET_KEY")
_OWN_ENVIRONMENTS: Final = {"test", "production"}


def addresses_file(data_dir: Path) -> Path:
    return data_dir / "env"


def write_addresses(data_dir: Path, environment: Mapping[str, str]) -> None:
    """NAME=value lines, mode 0600; a shell can read them too: `set -a; . .local/env`."""
    lines = (f"{name}={shlex.quote(environment[name])}\n" for name in _NAMES if name in environment)
    keep_secret(addresses_file(data_dir), "".join(lines))


def forget_addresses(data_dir: Path) -> None:
    addresses_file(data_dir).unlink(missing_ok=True)


def use_running_stack() -> None:
    """Fill os.environ from the dev stack in DATA_DIR, unless the caller named a database or works elsewhere than in development."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE") or os.environ.get("DJANGO_ENV") in _OWN_ENVIRONMENTS:
        return
    try:
        text = addresses_file(Path(os.environ.get("DATA_DIR") or PROJECT / ".local")).read_text(encoding="utf-8")
    except OSError:  # nothing is running there, or it runs for somebody else
        return
    for line in text.splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, *shlex.split(value))
