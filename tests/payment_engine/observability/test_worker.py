from collections.abc import Iterator

import pytest
from celery import Celery, Task
from celery.contrib.testing.worker import start_worker
from prometheus_client import REGISTRY

from payment_engine.observability.correlation import correlated, correlation_id
from payment_engine.observability.worker import TASK_HEADER, connect_worker_signals

seen: list[tuple[str | None, str | None]] = []


@pytest.fixture
def app() -> Iterator[Celery]:
    connect_worker_signals()
    made = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=False, fixups=[])
    made.conf.worker_hijack_root_logger = False
    seen.clear()
    yield made
    made.close()


def listening(app: Celery) -> Task:  # type: ignore[type-arg]
    @app.task(name="tests.listen", bind=True)
    def listen(self: Task) -> None:  # type: ignore[type-arg]
        seen.append((correlation_id(), (self.request.headers or {}).get(TASK_HEADER)))

    return listen


def test_a_task_runs_under_the_id_of_who_published_it(app: Celery) -> None:
    task = listening(app)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        with correlated("publisher-1"):
            task.apply_async().get(timeout=10)
        task.apply_async().get(timeout=10)
    (first, header), (second, _) = seen
    assert first == header == "publisher-1"
    assert second not in {None, "publisher-1"}
    assert correlation_id() is None


def test_an_eager_task_keeps_the_current_id(app: Celery) -> None:
    app.conf.task_always_eager = True
    with correlated("publisher-2"):
        listening(app).delay()
        assert correlation_id() == "publisher-2"
    assert seen == [("publisher-2", None)]


def test_tasks_are_counted_by_outcome(app: Celery) -> None:
    app.conf.task_always_eager = True

    @app.task(name="tests.fail")
    def fail() -> None:
        raise ValueError("no")

    def counted(task: str, state: str) -> float:
        return REGISTRY.get_sample_value("celery_tasks_total", {"task": task, "state": state}) or 0.0

    before = counted("tests.listen", "SUCCESS"), counted("tests.fail", "FAILURE")
    listening(app).delay()
    fail.delay()
    assert (counted("tests.listen", "SUCCESS"), counted("tests.fail", "FAILURE")) == (before[0] + 1, before[1] + 1)
