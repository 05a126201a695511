"""Loaded by `-p tests.plugin`, before pytest-django reads the settings: brings PostgreSQL and Valkey for the run.

The controller starts them; xdist's workers inherit their addresses. PAYMENT_ENGINE_TEST_SERVERS=external with DATABASE_URL and
REDIS_URL set uses those servers instead; a DATABASE_URL alone is ignored, so that no test ever runs on somebody's real database.

It also says what is run in which order: the longest first, so that no worker is left alone with one at the end, and nothing
twice that can't come out differently (PAYMENT_ENGINE_TEST_PLACEMENT=schema).
"""

import gc
import os
import secrets
import sys
from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from payment_engine.devserver.throwaway import ThrowAwayServers

_MODE = "PAYMENT_ENGINE_TEST_SERVERS"
_JOURNEYS = "tests/journeys/"
_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup", "live_server"})
_servers: ThrowAwayServers | None = None

gc.disable()  # until the tests are collected: all of that stays
# Images of containers often forbid bytecode: then each process that a test starts compiles all of Django again, for seconds.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> Generator[None]:
    global _servers  # noqa: PLW0603  # one per process, and pytest_unconfigure gets no other way to find it
    os.environ["DJANGO_ENV"] = "test"
    if os.environ.get(_MODE) not in {"external", "started"} and not {"-h", "--help", "--version", "-V"} & set(args):
        _servers = ThrowAwayServers()
        os.environ |= _servers.start()
        os.environ[_MODE] = "started"
    elif os.environ.get(_MODE) == "started" and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
        os.environ["REDIS_URL"] = _database_of(worker, os.environ["REDIS_URL"])
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ["PAYMENT_ENGINE_TEST_TEMPLATE"] = f"test_{secrets.token_hex(4)}"  # tests/databases.py
    return (yield)


def _database_of(worker: str, redis_url: str) -> str:
    """Each worker has the same tenants: buckets and bells of one must not be those of another. Valkey has 16 databases."""
    address = redis_url.rpartition("/")[0]
    return f"{address}/{1 + int(worker.removeprefix('gw')) % 15}"


def pytest_unconfigure() -> None:
    global _servers  # noqa: PLW0603  # as above
    if _servers is not None:
        _servers.stop()
        _servers = None
        del os.environ[_MODE]
    elif os.environ.get(_MODE) == "external" and "PYTEST_XDIST_WORKER" not in os.environ:
        from tests.databases import TEMPLATE, drop  # only now: Django has its settings

        drop(TEMPLATE)


def pytest_report_header() -> list[str]:
    return [f"servers: {os.environ.get(_MODE, 'none')} ({os.environ['DATABASE_URL'].rpartition('@')[2]})"] if _MODE in os.environ else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("PAYMENT_ENGINE_TEST_PLACEMENT", "shared") != "shared":
        _leave_out(config, items, [item for item in items if not _sees_placement(item)])
    items.sort(key=_patience, reverse=True)  # the sort is stable: all others stay in the order pytest-django gave them


def pytest_collection_finish() -> None:
    """The garbage collector forgets Django and the tests themselves: walking through them took a twentieth of a run."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _leave_out(config: pytest.Config, items: list[pytest.Item], unneeded: list[pytest.Item]) -> None:
    if unneeded:
        config.hook.pytest_deselected(items=unneeded)
        items[:] = [item for item in items if item not in set(unneeded)]


def _sees_placement(item: pytest.Item) -> bool:
    """Whether a test can come out differently where tenant A has a schema of its own.

    A tenant's place is a matter of the test's database. What uses none (a pure rule, a form, a reader of messages) is the same
    function with the same arguments in every placement, and was judged in the first part of `make test`.
    """
    return item.get_closest_marker("django_db") is not None or not _DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def _patience(item: pytest.Item) -> int:
    """A test that was given more seconds than others is a long one."""
    marker = item.get_closest_marker("timeout")
    return marker.args[0] if marker else 0


class _Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # it is untyped
    """Every test goes wherever there is room, but the journeys go together: they share one running engine."""

    def _split_scope(self, nodeid: str) -> str:
        return _JOURNEYS if nodeid.startswith(_JOURNEYS) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduler:
    return _Scheduler(config, log)
