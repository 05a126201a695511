"""A PostgreSQL and a Valkey for one test run, one check or one benchmark, gone without a trace afterwards."""

import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from payment_engine.devserver.guard import Guard
from payment_engine.devserver.roles import ensure_database
from payment_engine.devserver.servers import EmbeddedPostgres, EmbeddedValkey

_MEMORY = Path("/dev/shm")  # noqa: S108  # only a fresh 0700 folder below it is used
_NEEDED_BYTES = 3 << 30  # a container's default /dev/shm of 64 MB holds no cluster


class ThrowAwayServers:
    """Start both servers, empty; `environment` is what the product needs to find them. Also a context manager.

    Killing this process with SIGKILL leaves nothing behind either: see guard.py.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="payment-engine-", dir=None if durable else _fast_folder()))
        self.folder.chmod(0o711)  # PostgreSQL may have to run as another user; every file in it is private all the same
        self._guard = Guard()
        self._guard.remove_at_end(self.folder)
        self.postgres = EmbeddedPostgres(self.folder / "postgres", durable=durable)
        self.valkey = EmbeddedValkey(self.folder / "valkey")
        self.environment: dict[str, str] = {}

    def start(self) -> dict[str, str]:
        try:
            for server in (self.valkey, self.postgres):
                with server.log_path.open("ab") as log:
                    self._guard.watch_group(server.launch(log.fileno()).pid)
            for server in (self.postgres, self.valkey):
                server.wait_ready()
            urls = ensure_database(self.postgres.superuser_url, passwords_file=self.folder / "roles.json")
        except BaseException:
            self.stop()
            raise
        self.environment = {
            **urls.environment(),
            "REDIS_URL": self.valkey.url,
            "DJANGO_ENV": "test",
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        }
        return self.environment

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        self._guard.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _fast_folder() -> Path | None:
    """Memory when there is enough of it, else the usual place for temporary files."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _NEEDED_BYTES:
        return _MEMORY
    return None
