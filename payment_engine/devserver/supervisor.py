"""Starts services in order, passes on their logs, starts again what dies, and stops everything in reverse order.

One thread and one selector: the kernel ties each child to the thread that forked it, and forking is safe only without threads.
"""

import itertools
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from payment_engine.devserver.console import Console, LogPipe
from payment_engine.devserver.guard import Guard
from payment_engine.devserver.processes import signal_group, spawn
from payment_engine.devserver.servers import ServerFailed

Steps = tuple[tuple[signal.Signals, float], ...]
_TICK_SECONDS = 0.1
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 10.0
_HEALTHY_AFTER_SECONDS = 20.0
_READY_WITHIN_SECONDS = 60.0
_HURRY_SECONDS = 0.3
_SAME_KEYPRESS_SECONDS = 0.5  # a terminal and `make` may both deliver one Ctrl-C


class StartFailed(Exception):
    """A service or a step did not come up; the sentence names it."""


class StopRequested(Exception):
    """Ctrl-C or SIGTERM arrived."""


def _always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Service:
    """A process that shall live as long as the supervisor. `stop_steps` are signals, each with its seconds of patience."""

    name: str
    launch: Callable[[int], subprocess.Popen[bytes]]
    is_ready: Callable[[], bool] = _always
    stop_steps: Steps = ((signal.SIGTERM, 5.0),)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    started_at: float = field(default=0.0, init=False)
    start_again_at: float | None = field(default=None, init=False)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Use as a context manager: leaving it stops all services, in reverse order."""

    def __init__(self, *, console: Console, guard: Guard) -> None:
        self._console = console
        self._guard = guard
        self._services: list[Service] = []
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._stop_requested_at: float | None = None
        self._hurry = False

    def __enter__(self) -> Self:
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only to wake the selector
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop_all()
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()

    def start(self, service: Service) -> None:
        """Launch and return when it is ready. Raises StartFailed if it ends or stays unready, StopRequested on Ctrl-C."""
        self._services.append(service)
        try:
            self._launch(service)
        except (OSError, ServerFailed) as error:
            raise StartFailed(f"{service.name}: {error}") from error
        if not self._pump_until(lambda: not service.is_running or service.is_ready(), _READY_WITHIN_SECONDS):
            raise StartFailed(f"{service.name} was not ready within {_READY_WITHIN_SECONDS:.0f} s; its messages stand above.")
        if not service.is_running:
            raise StartFailed(f"{service.name} {_how_it_ended(service)} while starting; its messages stand above.")

    def run_step(self, name: str, argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        """Run a command to its end. Raises StartFailed unless it exits with 0."""
        step = Service(name=name, launch=lambda output: spawn(argv, output=output, env=env, cwd=cwd))
        self._services.append(step)
        self._launch(step)
        self._pump_until(lambda: not step.is_running, float("inf"))
        self._services.remove(step)
        self._forget(step)
        if step.process is None or step.process.returncode != 0:
            raise StartFailed(f"{name} {_how_it_ended(step)}; its messages stand above.")

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        """Pass on logs, and start again what dies, until the condition holds; False when it never did."""
        return self._pump_until(lambda: self._revive() or condition(), timeout_seconds)

    def watch(self) -> None:
        """Keep all services alive until Ctrl-C or SIGTERM, which ends in StopRequested."""
        while True:
            self.wait_for(lambda: False, float("inf"))

    def _launch(self, service: Service) -> None:
        pipe = LogPipe(service.name, self._console)
        try:
            service.process = service.launch(pipe.writer)
        except BaseException:
            pipe.close()
            raise
        finally:
            pipe.close_writer()
        service.started_at = time.monotonic()
        self._guard.watch_group(service.process.pid)
        self._selector.register(pipe.reader, selectors.EVENT_READ, pipe)

    def _revive(self) -> bool:
        """Start again, after a growing pause, what has ended. Always False: it is never the condition waited for."""
        now = time.monotonic()
        for service in self._services:
            if service.is_running:
                continue
            if service.start_again_at is None:
                self._note_end(service, now)
            elif now >= service.start_again_at:
                service.start_again_at = None
                self._try_again(service)
        return False

    def _note_end(self, service: Service, now: float) -> None:
        self._forget(service)
        if now - service.started_at > _HEALTHY_AFTER_SECONDS:
            service.failures = 0
        pause = min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS * 2**service.failures)
        service.failures += 1
        service.start_again_at = now + pause
        self._console.say(service.name, f"{_how_it_ended(service)}; starting it again in {pause:.1f} s")
        service.process = None

    def _try_again(self, service: Service) -> None:
        try:
            self._launch(service)
        except (OSError, ServerFailed) as error:
            self._console.say(service.name, f"cannot start: {error}")
            service.started_at = time.monotonic()

    def _forget(self, service: Service) -> None:
        """The leader is gone: its orphans go too, or they would hold the port that the next one needs."""
        if service.process is not None:
            signal_group(service.process, signal.SIGKILL)
            self._guard.forget_group(service.process.pid)

    def _stop_all(self) -> None:
        """Newest first; those with the same steps are told together and waited for together."""
        if self._stop_requested_at is None:
            self._stop_requested_at = time.monotonic()
        for steps, services in itertools.groupby(reversed(self._services), key=lambda service: service.stop_steps):
            self._stop_wave(list(services), steps)

    def _stop_wave(self, services: list[Service], steps: Steps) -> None:
        for number, patience_seconds in steps:
            for service in services:
                if service.is_running and service.process is not None:
                    service.process.send_signal(number)
            deadline = time.monotonic() + patience_seconds
            while any(service.is_running for service in services) and time.monotonic() < deadline:
                if self._hurry:
                    deadline = min(deadline, time.monotonic() + _HURRY_SECONDS)
                self._pump_once()
        for service in services:
            if service.is_running:
                self._console.say(service.name, "did not stop in time; killed")
            self._forget(service)
            if service.process is not None:
                service.process.wait()
        self._pump_once(0)

    def _pump_until(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if self._stop_requested_at is not None:
                raise StopRequested
            if time.monotonic() > deadline:
                return False
            self._pump_once()
        return True

    def _pump_once(self, timeout_seconds: float = _TICK_SECONDS) -> None:
        for key, _events in self._selector.select(timeout_seconds):
            if key.data is None:
                self._wake_reader.recv(4096)
            elif not key.data.read():
                self._selector.unregister(key.fd)
                key.data.close()

    def _on_stop_signal(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self._stop_requested_at is None:
            self._stop_requested_at = now
        elif number == signal.SIGINT and now - self._stop_requested_at > _SAME_KEYPRESS_SECONDS:
            self._hurry = True


def _how_it_ended(service: Service) -> str:
    code = service.process.returncode if service.process is not None else None
    if code is None:
        return "did not start"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
