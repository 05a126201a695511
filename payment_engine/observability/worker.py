"""The same watching for Celery: the correlation id travels in a message header, tasks are counted and timed, logs keep our format."""

import os
from time import perf_counter
from typing import Any, Final

from celery import signals
from prometheus_client import CollectorRegistry, multiprocess, start_http_server

from payment_engine.observability.correlation import Binding, accepted_or_new, bind, correlation_id, unbind
from payment_engine.observability.metrics import TASK_SECONDS, TASKS

# Not `correlation_id`: Celery keeps the task's own id under that name.
TASK_HEADER: Final = "engine_correlation_id"
_running: dict[str, tuple[Binding, float]] = {}


def connect_worker_signals() -> None:
    """Called once by payment_engine.celery. Connecting setup_logging keeps Celery from replacing our log handlers."""
    signals.before_task_publish.connect(_stamp, dispatch_uid="engine-stamp")
    signals.task_prerun.connect(_enter, dispatch_uid="engine-enter")
    signals.task_postrun.connect(_leave, dispatch_uid="engine-leave")
    signals.setup_logging.connect(_keep_logging, dispatch_uid="engine-logging")
    signals.worker_ready.connect(_serve_metrics, dispatch_uid="engine-metrics")
    signals.worker_process_shutdown.connect(_forget_process, dispatch_uid="engine-process")


def _stamp(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None:
        headers.setdefault(TASK_HEADER, correlation_id() or accepted_or_new(None))


def _enter(task_id: str, task: Any, **_: object) -> None:  # noqa: ANN401 Celery's task classes are made at run time
    offered = (task.request.headers or {}).get(TASK_HEADER) or correlation_id()
    _running[task_id] = bind(accepted_or_new(offered)), perf_counter()


def _leave(task_id: str, task: Any, state: str | None = None, **_: object) -> None:  # noqa: ANN401 as above
    if (entry := _running.pop(task_id, None)) is None:
        return
    binding, started = entry
    unbind(binding)
    TASKS.labels(task.name, state or "UNKNOWN").inc()
    TASK_SECONDS.labels(task.name).observe(perf_counter() - started)


def _keep_logging(**_: object) -> None:
    """Logging was configured by Django's settings before the worker started."""


def _serve_metrics(**_: object) -> None:
    """The worker has no web server, so its scrape has a port of its own (WORKER_METRICS_PORT); without it, none."""
    port, directory = os.environ.get("WORKER_METRICS_PORT"), os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not port or not directory:
        return
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client is typed in part
    start_http_server(int(port), registry=registry)


def _forget_process(pid: int | None = None, **_: object) -> None:
    if pid is not None and "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus_client is typed in part
