"""Configuration changes while payments run, over a real stack; and the guide's own commands, as printed."""

import shutil
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.journeys.stack import Answer, Caller, Stack

pytestmark = pytest.mark.timeout(300)
_EFFECT_SECONDS: Final = 2.0
_PATIENCE_SECONDS: Final = 6.0  # of a busy machine; two seconds are asserted on the engine's own clock below
_WORKERS: Final = 5


@pytest.fixture(scope="module")
def platform_token(stack: Stack) -> str:
    access = stack.demo["platform"]
    login = b64encode(f"{access['clientId']}:{access['clientSecret']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}
    return str(stack.send("POST", "/oauth2/token", b"grant_type=client_credentials", headers).json["access_token"])


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="this machine has no curl or no bash")
def test_the_guide_runs_as_printed(stack: Stack, platform_token: str, tmp_path: Path) -> None:
    script = Path(__file__).with_name("guide.sh")
    environment = {"BASE_URL": stack.base_url, "ADMIN_TOKEN": platform_token, "TOKEN": platform_token, "ANSWERS": str(tmp_path)}
    bash = shutil.which("bash")
    assert bash is not None
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    try:
        done = subprocess.run([bash, script], env=environment | path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout == "14 commands\n"
    finally:
        _generous_again(stack, platform_token)


def _generous_again(stack: Stack, token: str) -> None:
    """The guide's limits, of 500 requests a minute and of 100,000.00 a day, are too narrow for the journeys that follow."""
    headers = {"Authorization": f"Bearer {token}"}
    limit = {"rateLimitPerMinute": 60_000, "burstCapacity": 60_000, "windowSizeSeconds": 60}
    path = "/api/v1/config/tenants/demo-bank"
    assert stack.send("PUT", f"{path}/rate-limits?endpoint=/api/v1/transactions", limit, headers).status in {200, 201}
    body = {"configKey": "payment.max_daily_limit", "configValue": None}
    assert stack.send("POST", f"{path}/config", body, headers).status in {200, 201}


class _Traffic:
    """About fifty payments a second from several connections, each answer kept with the moment it came."""

    def __init__(self, caller: Caller, **changes: Any) -> None:
        self._caller = caller
        self._changes = changes
        self._stop = threading.Event()
        self.answers: list[tuple[float, Answer]] = []

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(_WORKERS)
        self._running = [self._pool.submit(self._run) for _ in range(_WORKERS)]
        time.sleep(0.5)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for worker in self._running:
            worker.result()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stop.is_set():
            began_at = time.monotonic()
            answer = self._caller.pay("1.00", **self._changes)
            self.answers.append((time.monotonic(), answer))
            time.sleep(max(0.0, _WORKERS / 50 - (time.monotonic() - began_at)))

    def settle(self, holds: Callable[[Answer], bool]) -> float:
        """Seconds until every answer of every worker is as wanted, for half a second on end."""
        changed_at = time.monotonic()
        while time.monotonic() - changed_at < _PATIENCE_SECONDS:
            since = [(at, holds(answer)) for at, answer in list(self.answers) if at > changed_at]
            last_wrong = max((at for at, right in since if not right), default=changed_at)
            if since and since[-1][0] - last_wrong > 0.5:
                return last_wrong - changed_at
            time.sleep(0.05)
        raise AssertionError(f"no effect: {self.answers[-1][1].body!r}")


@pytest.fixture
def type_code(demo_bank: Caller) -> Iterator[str]:
    """A payment type of the test's own, so that no other journey feels its changes."""
    code = "JOURNEY_TRANSFER"
    body = {"code": code, "name": "Journey", "processingFee": "0.10", "maxAmount": "100.00"}
    assert demo_bank.post("/config/tenants/demo-bank/payment-types", body).status in {200, 201, 409}
    _put_type(demo_bank, code)
    yield code
    demo_bank.post(f"/config/tenants/demo-bank/payment-types/{code}/retire", {"reason": "the journey is over"})


def _put_type(caller: Caller, code: str, **terms: Any) -> int:
    body = {"code": code, "name": "Journey", "processingFee": "0.10", "maxAmount": "100.00", **terms}
    answer = caller.send("PUT", f"/config/tenants/demo-bank/payment-types/{code}", body, {})
    assert answer.status in {200, 201}, answer.body
    return int(answer.json["version"])


def test_fee_and_limit_change_under_traffic(demo_bank: Caller, type_code: str) -> None:
    with _Traffic(demo_bank, paymentType=type_code) as traffic:
        version = _put_type(demo_bank, type_code, processingFee="0.25")
        fee_seconds = traffic.settle(lambda answer: answer.status == 201 and answer.json["fee"] == "0.25")
        narrow = _put_type(demo_bank, type_code, processingFee="0.25", maxAmount="0.50")
        limit_seconds = traffic.settle(lambda answer: answer.status == 422 and answer.problem[1] == "limit_exceeded")
    booked = [answer.json for _, answer in traffic.answers if answer.status == 201]
    refused = [answer for _, answer in traffic.answers if answer.status != 201]
    assert {answer.problem[:2] for answer in refused} == {(422, "limit_exceeded")}
    fees = {payment["paymentTypeVersion"]: Decimal(payment["fee"]) for payment in booked}
    assert fees[version] == Decimal("0.25")
    assert {Decimal(payment["fee"]) for payment in booked if payment["paymentTypeVersion"] < version} <= {Decimal("0.10")}
    assert narrow == version + 1
    assert all(payment["configVersion"] > 0 for payment in booked)
    assert max(fee_seconds, limit_seconds) < _EFFECT_SECONDS


def test_flag_changes_in_every_process(demo_bank: Caller) -> None:
    path = "/config/tenants/demo-bank/features/journey-flag"
    assert demo_bank.post(path, {"enabled": True, "config": {"rolloutPercentage": 0}}).status in {200, 201}
    assert _settled(lambda: demo_bank.get(f"{path}?unit=42").json["active"], False) < _PATIENCE_SECONDS
    assert demo_bank.post(path, {"enabled": True, "config": {"rolloutPercentage": 100}}).status in {200, 201}
    assert _settled(lambda: demo_bank.get(f"{path}?unit=42").json["active"], True) < _EFFECT_SECONDS


def _settled(ask: Callable[[], object], wanted: object) -> float:
    """Seconds until twenty answers in a row, from whichever process, are as wanted."""
    began_at = last_wrong = time.monotonic()
    right = 0
    while right < 20:
        assert time.monotonic() - began_at < _PATIENCE_SECONDS, "no effect"
        if ask() == wanted:
            right += 1
        else:
            right, last_wrong = 0, time.monotonic()
    return last_wrong - began_at


def test_a_rate_limit_admits_its_burst_and_no_more(stack: Stack, platform_token: str) -> None:
    headers = {"Authorization": f"Bearer {platform_token}"}
    path = "/api/v1/config/tenants/default/rate-limits?endpoint=/api/v1/customers"
    limit = {"rateLimitPerMinute": 500, "burstCapacity": 750, "windowSizeSeconds": 60}
    assert stack.send("PUT", path, limit, headers).status in {200, 201}
    default, neighbour = stack.caller("default"), stack.caller("demo-bank")
    time.sleep(_EFFECT_SECONDS)
    began_at = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: default.get("/customers?limit=1"), range(760)))
    elapsed = time.monotonic() - began_at
    admitted = sum(answer.status == 200 for answer in answers)
    refused = [answer for answer in answers if answer.status == 429]
    refilled = int(elapsed / 5) * 42  # quota comes back in steps of five seconds
    assert admitted + len(refused) == 760
    assert 750 <= admitted <= 750 + refilled
    assert all(answer.problem[1] == "rate_limited" and 1 <= int(answer.headers["retry-after"]) <= 5 for answer in refused)
    assert neighbour.get("/customers?limit=1").status == 200
