"""The buckets all processes share, in Valkey: one round trip a request, which also brings what the bell says."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import NoScriptError
from redis.retry import Retry

from config_mgmt.bell import bell_key
from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import Level, Verdict

SCRIPT: Final = (Path(__file__).parent / "gcra.lua").read_text(encoding="utf-8")
TIMEOUT_SECONDS: Final = 0.2
_SCRIPT_ID: Final = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()  # the name EVALSHA knows it by
_COMMANDS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """What the bell says of a tenant (see bell.py); None where it says nothing."""

    revision: int | None
    status: str | None


class SharedBuckets:
    """Speaks to Valkey on connections of its own: redis-py's pool and command layer cost four times the round trip.

    Everything raises RedisError when Valkey does not answer, within TIMEOUT_SECONDS.
    """

    def __init__(self, url: str) -> None:
        once = Retry(NoBackoff(), 0)
        self._factory = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=once
        )
        self._packer: Any = self._factory.make_connection()
        self._idle: deque[Any] = deque()
        self._commands: dict[tuple[str, int], bytes] = {}

    def spend(self, policy: Policy) -> tuple[Verdict, Heard]:
        """Count one request against the policy's bucket."""
        verdicts, heard = self.spend_together(policy, 1)
        return verdicts[0], heard

    def spend_together(self, policy: Policy, requests: int) -> tuple[list[Verdict], Heard]:
        """Count requests that came at the same time, in one round trip; the verdicts are those of one after the other."""
        command = self._commands.get((policy.key, requests)) or self._spending(policy, requests)
        admitted, remaining, wait_us, revision, status = self._call(command)
        verdicts = [Verdict(admitted=True, remaining=remaining + behind, wait_us=wait_us) for behind in reversed(range(admitted))]
        verdicts += [Verdict(admitted=False, remaining=remaining, wait_us=wait_us)] * (requests - admitted)
        return verdicts, Heard(None if revision is None else int(revision), None if status is None else status.decode())

    def levels(self, policies: Sequence[Policy]) -> tuple[int, list[Level | None]]:
        """The server's clock in microseconds, and how far each bucket is drawn down. Counts nothing."""
        seconds, microseconds = self._call(self._packed("TIME"))
        kept = self._call(self._packed("MGET", *(policy.key for policy in policies)))
        return int(seconds) * 1_000_000 + int(microseconds), [None if text is None else _level(text) for text in kept]

    def close(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()

    def _spending(self, policy: Policy, requests: int) -> bytes:
        bucket = policy.limit.bucket
        numbers = (bucket.cost_us, bucket.depth_us, bucket.step_us, requests)
        if len(self._commands) >= _COMMANDS_KEPT:
            self._commands.clear()
        command = self._packed("EVALSHA", _SCRIPT_ID, 2, policy.key, bell_key(policy.tenant), *numbers)
        self._commands[policy.key, requests] = command
        return command

    def _packed(self, *command: str | int) -> bytes:
        return b"".join(self._packer.pack_command(*command))

    def _call(self, command: bytes) -> Any:  # noqa: ANN401  # whatever Valkey answers
        """A command that meets a connection the server has closed meanwhile is sent once more, on a new one."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._exchange(self._factory.make_connection(), command)
        try:
            return self._exchange(connection, command)
        except ConnectionLost:
            self.close()  # those beside it are as old
            return self._exchange(self._factory.make_connection(), command)

    def _exchange(self, connection: Any, command: bytes) -> Any:  # noqa: ANN401  # redis' connections are typed in part
        """Only a connection that answered is used again; redis-py has closed any other."""
        connection.send_packed_command([command], check_health=False)
        try:
            answer = connection.read_response()
        except NoScriptError:
            connection.send_packed_command([self._packed("SCRIPT", "LOAD", SCRIPT)], check_health=False)
            connection.read_response()
            return self._exchange(connection, command)
        self._idle.append(connection)
        return answer


def _level(text: bytes) -> Level:
    debt_us, counted_to_us = text.split()
    return Level(debt_us=int(debt_us), counted_to_us=int(counted_to_us))
