"""One slip: what is broken, and who is expected to notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """`line` becomes `instead` in `file`; `tests` are the ones expected to notice."""

    name: str
    file: str
    line: str
    instead: str
    tests: str
