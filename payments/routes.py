"""The way a payment takes: which rails there are, in which order a payment type tries them, and how often. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from msgspec import Struct

INTERNAL: Final = "internal"
RAILS: Final = (INTERNAL, "clearing_file", "simulator", "simulator_instant")
"""`internal` books between accounts kept here; all others lead out of the bank. Which are connected is a setting."""


class RetryPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """For rails that can fail for a moment: how often in all, and how long after the first failure (doubled each time)."""

    max_attempts: int
    backoff_seconds: int

    def pause_after(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts on one rail; at most a day."""
        return min(timedelta(seconds=self.backoff_seconds * 2 ** (attempts - 1)), _LONGEST_PAUSE)


_LONGEST_PAUSE: Final = timedelta(days=1)
USUAL_RETRIES: Final = RetryPolicy(max_attempts=3, backoff_seconds=10)
"""Of a payment type that says nothing of its own."""
Attempts = Mapping[str, int]
"""How often each rail was tried for a payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The rails of a payment type in the order in which they are tried, each as often as `retries` allows."""

    rails: tuple[str, ...] = (INTERNAL,)
    retries: RetryPolicy = USUAL_RETRIES
    out_of_service: frozenset[str] = frozenset()

    @property
    def books_here(self) -> bool:
        return INTERNAL in self.rails

    @property
    def ways_out(self) -> tuple[str, ...]:
        return tuple(rail for rail in self.rails if rail != INTERNAL)

    def next_way_out(self, attempts: Attempts) -> str | None:
        """The first rail that is in service and may be tried (again); None while there is none."""
        return next((rail for rail in self._left(attempts) if rail not in self.out_of_service), None)

    def is_used_up(self, attempts: Attempts) -> bool:
        """Whether every rail was tried as often as it may be; one that is out of service is waited for."""
        return next(self._left(attempts), None) is None

    def pause_before(self, rail: str, attempts: Attempts) -> timedelta:
        """None before a rail that was not tried yet."""
        tried = attempts.get(rail, 0)
        return self.retries.pause_after(tried) if tried else timedelta(0)

    def _left(self, attempts: Attempts) -> Iterator[str]:
        return (rail for rail in self.ways_out if attempts.get(rail, 0) < self.retries.max_attempts)


BOOKED_HERE: Final = Route()
