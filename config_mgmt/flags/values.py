"""What a feature flag is once it is read: immutable, checked, ready to be evaluated without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

UNIT: Final = "unit"
EVERYBODY: Final = 100
NO_ATTRIBUTES: Final[Mapping[str, str | None]] = MappingProxyType({})


class Operator(StrEnum):
    IN = "IN"
    NOT_IN = "NOT_IN"
    STARTS_WITH = "STARTS_WITH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A condition on one attribute. The attribute `unit` is the unit itself. An attribute nobody gave is in no list."""

    attribute: str
    operator: Operator
    values: frozenset[str]
    prefixes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefixes", tuple(sorted(self.values)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Matches where all its constraints do. With a percentage of its own, that one counts for whom it matches."""

    constraints: tuple[Constraint, ...]
    rollout_percentage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of several forms of a feature; its share is its weight in the sum of all weights. `payload` is any JSON."""

    name: str
    weight: int
    payload: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """From `active_from`, and no more from `active_until` on."""

    active_from: datetime | None = None
    active_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A feature and who has it. `killed` is off for everybody whatever else it says; without rules nobody is singled out."""

    key: str
    enabled: bool
    killed: bool = False
    rollout_percentage: int = EVERYBODY
    rules: tuple[Rule, ...] = ()
    variants: tuple[Variant, ...] = ()
    schedule: Schedule | None = None
    total_weight: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_weight", sum(variant.weight for variant in self.variants))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How many of some units have a feature, and how many of those each variant."""

    units: int
    active: int
    variants: Mapping[str, int]

    @property
    def share_percent(self) -> float:
        return 100 * self.active / self.units if self.units else 0.0
