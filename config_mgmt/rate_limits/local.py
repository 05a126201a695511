"""The buckets of this process alone, for as long as Valkey is away."""

import threading
import time

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import Level, Verdict, spend


class LocalBuckets:
    def __init__(self) -> None:
        self._levels: dict[str, Level] = {}
        self._lock = threading.Lock()

    def spend(self, policy: Policy) -> Verdict:
        """Count one request against the policy's bucket."""
        bucket = policy.limit.bucket
        with self._lock:
            verdict, self._levels[policy.key] = spend(bucket, self._levels.get(policy.key), time.monotonic_ns() // 1000)
        return verdict

    def clear(self) -> None:
        with self._lock:
            self._levels.clear()
