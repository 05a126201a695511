"""Who has a feature: pure functions of the flag, the unit and its attributes, by the rule the Unleash SDKs share.

A unit's number is murmur3_32("key:unit") % 100 + 1, its variant's murmur3_32 with another seed modulo the sum of weights,
so that the first 10 % of a roll-out still meet every variant. The number never changes: raising a percentage only adds units.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from mmh3 import mmh3_32_uintdigest as murmur3_32

from config_mgmt.flags.values import EVERYBODY, NO_ATTRIBUTES, UNIT, Constraint, Estimate, Flag, Operator, Rule, Schedule, Variant
from payment_engine.clock import now

ROLLOUT_SEED: Final = 0
VARIANT_SEED: Final = 86028157
_IN: Final = Operator.IN
_STARTS_WITH: Final = Operator.STARTS_WITH


def normalized(group: str, unit: str, *, modulus: int = 100, seed: int = ROLLOUT_SEED) -> int:
    """The unit's number in the group, from 1 to `modulus`. Every text has one: the library is given bytes, never half a character."""
    return murmur3_32(f"{group}:{unit}".encode("utf-8", "surrogatepass"), seed) % modulus + 1


def is_active(
    flag: Flag, *, unit: str | None = None, attributes: Mapping[str, str | None] = NO_ATTRIBUTES, at: datetime | None = None
) -> bool:
    """Whether the unit has the feature at that time, by default now. Without a unit only what all have is on."""
    if flag.killed or not flag.enabled or (flag.schedule is not None and not _in_time(flag.schedule, at or now())):
        return False
    percentage = flag.rollout_percentage
    if flag.rules:
        percentage = _targeted_percentage(flag, unit, attributes)
    if percentage >= EVERYBODY:
        return True
    return unit is not None and percentage > 0 and normalized(flag.key, unit) <= percentage


def chosen_variant(
    flag: Flag, *, unit: str | None = None, attributes: Mapping[str, str | None] = NO_ATTRIBUTES, at: datetime | None = None
) -> Variant | None:
    """The form of the feature this unit has; None where the flag is off for it or has no variants.

    Calls without a unit all get the same variant.
    """
    return _variant_of(flag, unit) if is_active(flag, unit=unit, attributes=attributes, at=at) else None


def _variant_of(flag: Flag, unit: str | None) -> Variant | None:
    if not flag.total_weight:
        return None
    target = normalized(flag.key, unit or "", modulus=flag.total_weight, seed=VARIANT_SEED)
    for variant in flag.variants:
        target -= variant.weight
        if target <= 0 and variant.weight:
            return variant
    raise AssertionError("a number up to the sum of all weights falls on one of them")


def estimate(
    flag: Flag, units: Iterable[str], *, attributes: Mapping[str, str | None] = NO_ATTRIBUTES, at: datetime | None = None
) -> Estimate:
    """How many of these units have the feature. For another percentage pass `dataclasses.replace(flag, rollout_percentage=60)`."""
    total, variants, active = 0, Counter[str](), 0
    for unit in units:
        total += 1
        if is_active(flag, unit=unit, attributes=attributes, at=at):
            active += 1
            if (variant := _variant_of(flag, unit)) is not None:
                variants[variant.name] += 1
    return Estimate(units=total, active=active, variants=variants)


def _in_time(schedule: Schedule, at: datetime) -> bool:
    return (schedule.active_from is None or schedule.active_from <= at) and (schedule.active_until is None or at < schedule.active_until)


def _targeted_percentage(flag: Flag, unit: str | None, attributes: Mapping[str, str | None]) -> int:
    """The largest of the rules that match, so that one more rule only adds units."""
    largest = 0
    for rule in flag.rules:
        percentage = flag.rollout_percentage if rule.rollout_percentage is None else rule.rollout_percentage
        if percentage > largest and _matches(rule, unit, attributes):
            largest = percentage
    return largest


def _matches(rule: Rule, unit: str | None, attributes: Mapping[str, str | None]) -> bool:
    for constraint in rule.constraints:  # a generator costs as much as the rest of the decision
        if not _holds(constraint, unit if constraint.attribute == UNIT else attributes.get(constraint.attribute)):
            return False
    return True


def _holds(constraint: Constraint, value: str | None) -> bool:
    if constraint.operator is _STARTS_WITH:
        return value is not None and value.startswith(constraint.prefixes)
    return (value in constraint.values) is (constraint.operator is _IN)
