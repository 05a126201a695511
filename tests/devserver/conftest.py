import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payment_engine.devserver.processes import is_alive
from payment_engine.devserver.servers import EmbeddedPostgres, EmbeddedServer, EmbeddedValkey


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a path short enough for a Unix socket."""
    path = Path(tempfile.mkdtemp(prefix="pe-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class Servers:
    """Makes embedded servers that are stopped when the test ends, however it ends."""

    def __init__(self) -> None:
        self._made: list[EmbeddedServer] = []

    def postgres(self, folder: Path, *, durable: bool = True) -> EmbeddedPostgres:
        server = EmbeddedPostgres(folder, durable=durable)
        self._made.append(server)
        return server

    def valkey(self, folder: Path) -> EmbeddedValkey:
        server = EmbeddedValkey(folder)
        self._made.append(server)
        return server

    def stop(self) -> None:
        for server in self._made:
            server.stop()


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers()
    yield made
    made.stop()


def eventually(condition: Callable[[], object], timeout_seconds: float = 10) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def all_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)
