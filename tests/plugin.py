"""Loaded by `-p tests.plugin`, before pytest-django reads the settings: brings PostgreSQL and Valkey for the run.

The controller starts them; xdist's workers inherit their addresses. PAYMENT_ENGINE_TEST_SERVERS=external with DATABASE_URL and
REDIS_URL set uses those servers instead; a DATABASE_URL alone is ignored, so that no test ever runs on somebody's real database.

It also says what is run in which order: the longest first, so that no worker is left alone with one at the end, and nothing
twice that can't come out differently (PAYMENT_ENGINE_TEST_PLACEMENT=schema). A run may have workers of both placements
(`--tx popen --tx popen//env:PAYMENT_ENGINE_TEST_PLACEMENT=schema`): each placement's workers share its tests.
"""

import gc
import os
import secrets
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from execnet import XSpec
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from payment_engine.devserver.throwaway import ThrowAwayServers

_MODE = "PAYMENT_ENGINE_TEST_SERVERS"
_PLACEMENT = "PAYMENT_ENGINE_TEST_PLACEMENT"
_BOTH = "PAYMENT_ENGINE_TEST_BOTH_PLACEMENTS"
_SHARED, _SCHEMA = "shared", "schema"
# What must hold wherever a tenant's rows live: not how wide a page is and which scripts it runs.
_TWICE = ("tests/tenants/", "tests/config_mgmt/", "tests/accounts/", "tests/payments/", "tests/iso20022/test_api.py", "tests/portal/")
_ONCE = "tests/portal/test_in_a_browser.py"
_JOURNEYS = "tests/journeys/"
_DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup", "live_server"})
_servers: ThrowAwayServers | None = None
_workers: Counter[str] = Counter()
"""How many there are of each placement."""

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
        os.environ.pop(_BOTH, None)
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
        from tests.databases import drop, template_of  # only now: Django has its settings

        for placement in (_SHARED, _SCHEMA):
            drop(template_of(placement))


def pytest_report_header() -> list[str]:
    return [f"servers: {os.environ.get(_MODE, 'none')} ({os.environ['DATABASE_URL'].rpartition('@')[2]})"] if _MODE in os.environ else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _placement() != _SHARED:
        _leave_out(config, items, [item for item in items if not (_sees_placement(item) and _is_run_again(item))])
    items.sort(key=_patience, reverse=True)  # the sort is stable: all others stay in the order pytest-django gave them


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where a run has both placements, a report says whose it is."""
    worker = getattr(report, "node", None)  # the controller has it from xdist
    if worker is not None and (placement := _placement_of(worker.gateway.spec)) != _placement():
        report.nodeid += f" ({_PLACEMENT}={placement})"


def pytest_collection_finish() -> None:
    """The garbage collector forgets Django and the tests themselves: walking through them took a twentieth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def _leave_out(config: pytest.Config, items: list[pytest.Item], unneeded: list[pytest.Item]) -> None:
    if unneeded:
        config.hook.pytest_deselected(items=unneeded)
        items[:] = [item for item in items if item not in set(unneeded)]


def _sees_placement(item: pytest.Item) -> bool:
    """Whether a test can come out differently where tenant A has a schema of its own.

    A tenant's place is a matter of the test's database. What uses none (a pure rule, a form, a reader of messages) is the same
    function with the same arguments in every placement, and is judged where all share the pool.
    """
    return item.get_closest_marker("django_db") is not None or not _DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def _is_run_again(item: pytest.Item) -> bool:
    """In a run of one placement that is what the command line says."""
    return _BOTH not in os.environ or (item.nodeid.startswith(_TWICE) and not item.nodeid.startswith(_ONCE))


def _placement() -> str:
    return os.environ.get(_PLACEMENT, _SHARED)


def _patience(item: pytest.Item) -> int:
    """A test that was given more seconds than others is a long one."""
    marker = item.get_closest_marker("timeout")
    return marker.args[0] if marker else 0


class _Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # it is untyped
    """Every test goes wherever there is room, but the journeys go together: they share one running engine."""

    def _split_scope(self, nodeid: str) -> str:
        return _JOURNEYS if nodeid.startswith(_JOURNEYS) else nodeid


class _OneForEachPlacement:
    """The workers of one placement have other tests than those of the other: each placement is scheduled by itself."""

    def __init__(self, config: pytest.Config, schedulers: dict[str, _Scheduler]) -> None:
        self._session: Any = config.pluginmanager.get_plugin("session")
        self._by_placement = schedulers
        self._all = list(schedulers.values())

    @property
    def nodes(self) -> list[Any]:
        return [node for each in self._all for node in each.nodes]

    @property
    def collection_is_completed(self) -> bool:
        return all(each.collection_is_completed for each in self._all)

    @property
    def tests_finished(self) -> bool:
        return all(each.tests_finished for each in self._all)

    @property
    def has_pending(self) -> bool:
        return any(each.has_pending for each in self._all)

    def schedule(self) -> None:
        for each in self._all:
            each.schedule()
        self._session.testscollected = sum(len(each.collection or ()) for each in self._all)  # for the percentage

    def add_node(self, node: Any) -> None:
        self._of(node).add_node(node)

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        self._of(node).add_node_collection(node, collection)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        self._of(node).mark_test_complete(node, item_index, duration)

    def remove_node(self, node: Any) -> str | None:
        crashed: str | None = self._of(node).remove_node(node)
        return crashed

    def _of(self, node: Any) -> _Scheduler:
        return self._by_placement[_placement_of(node.gateway.spec)]


def _placement_of(worker: XSpec) -> str:
    return str(worker.env.get(_PLACEMENT, _placement()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: Sequence[XSpec]) -> None:
    _workers.update(map(_placement_of, specs))
    if len(_workers) > 1:
        os.environ[_BOTH] = "1"  # before the workers start: they inherit it


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduler | _OneForEachPlacement:
    if len(_workers) == 1:
        return _Scheduler(config, log)
    schedulers = {}
    for placement, workers in _workers.items():
        scheduler = schedulers[placement] = _Scheduler(config, log)
        scheduler.numnodes = workers
    return _OneForEachPlacement(config, schedulers)
