"""What became of one attack on one target."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import DatabaseError

_REFUSALS: Final = {"42501": "permission denied", "23001": "refused by a trigger"}  # insufficient_privilege, restrict_violation


class Verdict(StrEnum):
    HELD = "held"
    LEAK = "LEAK"
    UNCLEAR = "UNCLEAR"
    NOTHING = "n/a"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`attack` of `attacker` on `victim` at `target` (a table, a model, an address). The area groups attacks for reading."""

    area: str
    attack: str
    target: str
    attacker: str
    victim: str
    outcome: Outcome

    @property
    def verdict(self) -> Verdict:
        return self.outcome.verdict

    @property
    def is_failure(self) -> bool:
        """A leak, or something that could not be judged: neither may pass for proved."""
        return self.verdict in {Verdict.LEAK, Verdict.UNCLEAR}


def held(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.HELD, detail=detail)


def leak(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.LEAK, detail=detail)


def unclear(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.UNCLEAR, detail=detail)


def nothing(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.NOTHING, detail=detail)


def skipped(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.SKIPPED, detail=detail)


def sqlstate_of(error: BaseException) -> str:
    """PostgreSQL's code of an error, as psycopg or as Django raised it; empty for errors that are not PostgreSQL's."""
    return str(getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None) or "")


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def judged(attempt: Callable[[], Outcome]) -> Outcome:
    """The attempt's outcome. A refusal by permission, policy or trigger holds; any other database error is unclear."""
    try:
        return attempt()
    except DatabaseError as error:
        state = sqlstate_of(error)
        return held(f"{_REFUSALS[state]}: {first_line(error)}") if state in _REFUSALS else unclear(f"SQLSTATE {state}: {first_line(error)}")
