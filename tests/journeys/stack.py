"""A dev run as a user starts it, in a process of its own with a data folder of its own, and a caller that speaks HTTP to it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from payment_engine.devserver.processes import free_port, is_alive, processes_in
from payment_engine.devserver.roles import ENGINE, OWNER, PLATFORM, DatabaseUrls, login_url

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
_START_SECONDS: Final = 150.0  # of a busy machine; an idle one needs 12
_OURS: Final = ("DATABASE_", "REDIS_URL", "DJANGO_", "PAYMENT_ENGINE_TEST", "MAKELEVEL", "PROMETHEUS_", "PYTEST_")


def clean_environment() -> dict[str, str]:
    """Without what the test run itself was told."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def eventually(condition: Callable[[], object], timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str, list[str]]:
        """Status, code and the pointers of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return self.status, self.json["code"], [error["pointer"] for error in self.json["errors"]]


class Stack:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "dev.log"
        self.data_dir = folder / "data"
        # What `make run` executes once all is installed.
        self.command = [sys.executable, "-m", "payment_engine.devserver", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start, wait for the announcement, and tell how long it took."""
        began_at = time.monotonic()
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                env=clean_environment() | {"LOG_JSON": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started = eventually(lambda: "Ctrl-C stops everything" in self.log or not self.is_running, _START_SECONDS) and self.is_running
        assert started, self.log[-3000:]
        return time.monotonic() - began_at

    def stop(self, number: signal.Signals = signal.SIGTERM, patience_seconds: float = 30.0) -> float:
        """Signal the supervisor as Ctrl-C or `kill` would, wait for its end, and tell how long it took."""
        assert self._process is not None
        began_at = time.monotonic()
        self._process.send_signal(number)
        self._process.wait(patience_seconds)
        return time.monotonic() - began_at

    def end(self) -> None:
        """Whatever happened before: leave nothing behind."""
        if self.is_running:
            self.stop()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def demo(self) -> Any:
        return json.loads((self.data_dir / "demo.json").read_text())

    @property
    def postgres(self) -> int:
        """The postmaster; 0 while there is none."""
        try:
            pid = int((self.data_dir / "postgres/cluster/postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0
        return pid if is_alive(pid) else 0

    @property
    def backends(self) -> list[int]:
        return [pid for pid in processes_in(self.data_dir / "postgres/cluster") if pid != self.postgres]

    @property
    def valkey(self) -> int:
        return next(iter(processes_in(self.data_dir / "valkey")), 0)

    @property
    def web_workers(self) -> list[int]:
        """The processes that answer requests: children of the web server."""
        web = {pid for pid in self.processes() if b"granian" in _read(pid, "cmdline")}
        return sorted(pid for pid in web if _parent(pid) in web)

    def manage(self, *arguments: str) -> int:
        """Run a management command on this run's databases; its exit code."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=clean_environment() | self._addresses(), capture_output=True, check=False
        ).returncode

    def _addresses(self) -> dict[str, str]:
        port = (self.data_dir / "postgres/cluster/postmaster.pid").read_text().splitlines()[3]
        passwords = json.loads((self.data_dir / "roles.json").read_text())
        urls = {role: login_url(f"postgresql://postgres@127.0.0.1:{port}/", role, password) for role, password in passwords.items()}
        return DatabaseUrls(engine=urls[ENGINE], owner=urls[OWNER], platform=urls[PLATFORM]).environment()

    def processes(self) -> list[int]:
        """Everything that belongs to this run: what has its data folder or its port in its command line or environment."""
        marks = (str(self.data_dir).encode(), f"--port\0{self.port}\0".encode())
        others = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
        return [pid for pid in others if is_alive(pid) and _mentions(pid, marks)]

    def caller(self, tenant: str = "demo-bank") -> "Caller":
        return Caller(self, tenant)

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout_seconds: float = 30.0
    ) -> Answer:
        """One request on a connection of its own. A body that is not bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        content_type = {} if body is None else {"Content-Type": "application/json"}
        began_at = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_seconds)
        try:
            connection.request(method, path, sent, {**content_type, **(headers or {})})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=received, body=content, seconds=time.monotonic() - began_at)


def _mentions(pid: int, marks: tuple[bytes, ...]) -> bool:
    words = _read(pid, "cmdline") + _read(pid, "environ")
    return any(mark in words for mark in marks)


def _parent(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def _read(pid: int, name: str) -> bytes:
    """What the kernel tells of a process; nothing of one that is gone, or is not ours."""
    try:
        return (Path("/proc") / str(pid) / name).read_bytes()
    except OSError:
        return b""


class Caller:
    """An API client of one demo tenant, with the credentials that demo.json gives away."""

    def __init__(self, stack: Stack, tenant: str) -> None:
        self.stack = stack
        self.tenant = tenant
        self.access: dict[str, Any] = stack.demo["tenants"][tenant]

    @cached_property
    def token(self) -> str:
        login = b64encode(f"{self.access['clientId']}:{self.access['clientSecret']}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.stack.send("POST", "/oauth2/token", b"grant_type=client_credentials", headers)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    def accounts(self, currency: str = "EUR") -> list[str]:
        return [account["accountId"] for account in self.access["accounts"] if account["currency"] == currency]

    def payment(self, amount: Any = "25.00", **changes: Any) -> dict[str, Any]:
        debtor, creditor, *_ = self.accounts()
        return {
            "paymentType": "INTERNAL_TRANSFER",
            "debtorAccount": debtor,
            "creditorAccount": creditor,
            "amount": amount,
            "currency": "EUR",
            **changes,
        }

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, headers)

    def post(self, path: str, body: Any, *, key: str | None = "fresh", **headers: str) -> Answer:
        named = {} if key is None else {"Idempotency-Key": uuid4().hex if key == "fresh" else key}
        return self.send("POST", path, body, {**named, **headers})

    def pay(self, amount: Any = "25.00", *, key: str = "fresh", **changes: Any) -> Answer:
        return self.post("/transactions", self.payment(amount, **changes), key=key)

    def booked(self, account: str) -> str:
        return str(self.get(f"/accounts/{account}/balance").json["booked"])

    def send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        return self.stack.send(method, f"/api/v1{path}", body, {"Authorization": f"Bearer {self.token}", **headers})
