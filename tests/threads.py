"""Threads that outlive a test keep their connections, which would keep the database of the tests from being dropped."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections


def close_connections_of(pool: ThreadPoolExecutor) -> None:
    """Of each of its threads, those it has yet to start included."""
    size = pool._max_workers
    all_there = Barrier(size)

    def close() -> None:
        all_there.wait()
        connections.close_all()

    for closed in [pool.submit(close) for _ in range(size)]:
        closed.result()
