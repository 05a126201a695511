"""The servers of a benchmark: durable, with the memory a small production machine would give them."""

from payment_engine.devserver.servers import EmbeddedPostgres
from payment_engine.devserver.throwaway import ThrowAwayServers


class BenchmarkPostgres(EmbeddedPostgres):
    """As `make run` starts it (fsync, full-page writes and synchronous commit on), with a quarter of a 4 GB machine as its cache."""

    def _options(self) -> list[str]:
        return [*super()._options(), "-c", "shared_buffers=1GB"]


class BenchmarkServers(ThrowAwayServers):
    """Both servers on the disk of the temporary folder, empty; gone without a trace afterwards."""

    def __init__(self) -> None:
        super().__init__(durable=True)
        self.postgres = BenchmarkPostgres(self.folder / "postgres", durable=True)

    @property
    def postgres_pid(self) -> int:
        assert self.postgres.process is not None, "asked for while the server runs"
        return self.postgres.process.pid
