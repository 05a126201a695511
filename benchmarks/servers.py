"""The servers of a benchmark: durable, with the memory a small production machine would give them, and in the middle of their day."""

import os

import psycopg

from payment_engine.devserver.servers import EmbeddedPostgres
from payment_engine.devserver.throwaway import ThrowAwayServers

_SHARED_BUFFERS_MB = 1024
_LOG_MB = 3 * _SHARED_BUFFERS_MB
_ROW_BYTES = 2000  # four to a page of 8 kB, and too short to be compressed
_ROWS = _SHARED_BUFFERS_MB * 1024 // 8 * 4


class BenchmarkPostgres(EmbeddedPostgres):
    """As `make run` starts it (fsync, full-page writes and synchronous commit on), with a quarter of a 4 GB machine as its cache.

    Segments of the log are kept for use again, as on a server that has checkpoints behind it.
    """

    def _options(self) -> list[str]:
        return [*super()._options(), "-c", f"shared_buffers={_SHARED_BUFFERS_MB}MB", "-c", f"min_wal_size={_LOG_MB}MB"]


class BenchmarkServers(ThrowAwayServers):
    """Both servers on the disk of the temporary folder, empty; gone without a trace afterwards."""

    def __init__(self) -> None:
        super().__init__(durable=True)
        self.postgres = BenchmarkPostgres(self.folder / "postgres", durable=True)

    @property
    def postgres_pid(self) -> int:
        assert self.postgres.process is not None, "asked for while the server runs"
        return self.postgres.process.pid

    def warm_up(self) -> None:
        """Touch every shared buffer, and write as much of the log as there will be before a checkpoint; then let the disk come to rest.

        A server that has just been made fills each segment of its log with zeros before its first use and is given each page
        of its memory by the kernel: once in its life, a fifth of what a payment costs in a batch.
        """
        with psycopg.connect(self.postgres.superuser_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE filler (content text)")
            for _ in range(_LOG_MB // _SHARED_BUFFERS_MB):
                connection.execute("TRUNCATE filler")
                connection.execute("INSERT INTO filler SELECT repeat('x', %s) FROM generate_series(1, %s)", [_ROW_BYTES, _ROWS])
            connection.execute("DROP TABLE filler")
            connection.execute("CHECKPOINT")
        os.sync()
