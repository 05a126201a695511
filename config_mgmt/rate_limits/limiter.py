"""One decision for each request: by Valkey for all processes, or by this process while Valkey is away.

An outage is logged once. During it one request a second asks whether Valkey is back; the others don't wait for anything.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from django.conf import settings
from redis.exceptions import RedisError

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import Level, Verdict
from config_mgmt.rate_limits.local import LocalBuckets
from config_mgmt.rate_limits.shared import Heard, SharedBuckets

RETRY_SECONDS: Final = 1.0
_NOTHING_HEARD: Final = Heard(None, None)
_log = logging.getLogger(__name__)


class Limiter:
    def __init__(self, shared: SharedBuckets, clock: Callable[[], float] = time.monotonic) -> None:
        self._shared = shared
        self._local = LocalBuckets()
        self._clock = clock
        self._away = False
        self._ask_again_at = 0.0

    def spend(self, policy: Policy) -> tuple[Verdict, Heard]:
        """Count one request against the policy's bucket, and tell what Valkey's bell says of the tenant. Never raises for Valkey."""
        verdicts, heard = self.spend_together(policy, 1)
        return verdicts[0], heard

    def spend_together(self, policy: Policy, requests: int) -> tuple[list[Verdict], Heard]:
        """The same for requests that wait together, in one round trip."""
        if self._away:
            if self._clock() < self._ask_again_at:
                return self._spend_locally(policy, requests)
            self._ask_again_at = self._clock() + RETRY_SECONDS  # the others go on while this request asks
        try:
            answer = self._shared.spend_together(policy, requests)
        except RedisError as error:
            self._note_outage(error)
            return self._spend_locally(policy, requests)
        if self._away:
            self._note_return()
        return answer

    def levels(self, policies: Sequence[Policy]) -> tuple[int, list[Level | None]]:
        """As Valkey has them; raises RedisError while it is away."""
        return self._shared.levels(policies)

    def close(self) -> None:
        self._shared.close()

    def _spend_locally(self, policy: Policy, requests: int) -> tuple[list[Verdict], Heard]:
        return [self._local.spend(policy) for _ in range(requests)], _NOTHING_HEARD

    def _note_outage(self, error: RedisError) -> None:
        self._ask_again_at = self._clock() + RETRY_SECONDS
        if not self._away:
            self._away = True
            _log.warning("Valkey is away: each process counts its own requests against the rate limits", extra={"failure": error})

    def _note_return(self) -> None:
        self._away = False
        self._local.clear()
        _log.info("Valkey is back: rate limits are counted together again")


@cache
def limiter() -> Limiter:
    """One per process."""
    return Limiter(SharedBuckets(settings.REDIS_URL))
