"""/livez: the process answers. /readyz: what it needs answers too, each check within a second."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Literal

import msgspec
from django.db import connections
from django.http import HttpRequest, HttpResponse

CHECK_TIMEOUT_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)
Verdict = Literal["up", "down", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessCheck:
    """`probe` raises when the thing it asks is not usable. It runs in a thread of its own, so it opens its own connections."""

    name: str
    probe: Callable[[], object]
    required: bool = True


@dataclass(slots=True)
class _Run:
    check: ReadinessCheck
    started: float = field(default_factory=perf_counter)
    seconds: float | None = None
    failure: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def execute(self) -> None:
        try:
            self.check.probe()
        except Exception as failure:  # noqa: BLE001 whatever a probe raises means "not ready"; it is logged by the caller
            self.failure = failure
        finally:
            connections.close_all()
            self.seconds = perf_counter() - self.started
            self.done.set()

    def verdict(self) -> Verdict:
        if not self.done.is_set():
            return "timeout"
        return "up" if self.failure is None else "down"


_checks: dict[str, ReadinessCheck] = {}
_running: dict[str, _Run] = {}
_lock = threading.Lock()


def register_readiness_check(name: str, fn: Callable[[], object], required: bool = True) -> None:
    """Ask `fn` at every /readyz; a failing check that is not required is shown but does not make us unready."""
    _checks[name] = ReadinessCheck(name=name, probe=fn, required=required)


def _start(check: ReadinessCheck) -> _Run:
    """Start the probe, or join the one that still hangs: a dead server must not pile up threads."""
    with _lock:
        run = _running.get(check.name)
        if run is None or run.done.is_set():
            run = _running[check.name] = _Run(check)
            threading.Thread(target=run.execute, name=f"readiness-{check.name}", daemon=True).start()
        return run


def check_readiness() -> tuple[bool, dict[str, Verdict]]:
    """Run all checks at once; whether we are ready and each check's verdict."""
    runs = [_start(check) for check in _checks.values()]
    deadline = perf_counter() + CHECK_TIMEOUT_SECONDS
    for run in runs:
        run.done.wait(max(0.0, deadline - perf_counter()))
    verdicts = {run.check.name: run.verdict() for run in runs}
    for run in runs:
        if (verdict := verdicts[run.check.name]) != "up":
            _log.warning("readiness check failed", extra={"check": run.check.name, "verdict": verdict, "failure": run.failure})
    return all(verdicts[run.check.name] == "up" for run in runs if run.check.required), verdicts


def _answer(status: int, body: dict[str, object]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"})


def livez(request: HttpRequest) -> HttpResponse:
    return _answer(200, {"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    ready, verdicts = check_readiness()
    return _answer(200 if ready else 503, {"status": "ready" if ready else "not_ready", "checks": verdicts})
