"""Who would have a feature: the flag as it stands in the form, evaluated for the tenant's own customers or accounts."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from config_mgmt.flags.evaluate import chosen_variant, is_active
from config_mgmt.flags.units import MOST_UNITS, kinds_of_units, units
from config_mgmt.flags.values import UNIT, Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How many of `units` are in, in words too. `note` names what was not looked at."""

    kind: str
    units: int
    active: int
    variants: dict[str, int]
    note: str
    off: str = ""

    @property
    def percent(self) -> float:
        return round(100 * self.active / self.units, 1) if self.units else 0.0

    @property
    def sentence(self) -> str:
        if self.off:
            return f"Nobody: {self.off}."
        if not self.units:
            return f"There are no {self.kind} to count."
        all_or_newest = "the newest " if self.units == MOST_UNITS else ""
        return f"{self.active:,} of {all_or_newest}{self.units:,} {self.kind} are in ({self.percent:g} %)."

    @property
    def details(self) -> str:
        shares = ", ".join(f"{name}: {count:,}" for name, count in self.variants.items())
        return " ".join(filter(None, (f"{shares}." if shares else "", self.note)))

    def as_json(self) -> dict[str, Any]:
        return {
            "units": self.units,
            "active": self.active,
            "sharePercent": self.percent,
            "variants": self.variants,
            "sentence": self.sentence,
            "details": self.details,
        }


def estimates(flag: Flag) -> list[Estimate]:
    return [estimate(flag, kind) for kind in kinds_of_units()]


def estimate(flag: Flag, kind: str) -> Estimate:
    """As if its schedule had begun and not ended."""
    always = replace(flag, schedule=None)
    found = units(kind)
    active, variants, known = 0, Counter[str](), {UNIT}
    for unit in found:
        known.update(unit.attributes)
        if is_active(always, unit=unit.id, attributes=unit.attributes):
            active += 1
            if (variant := chosen_variant(always, unit=unit.id, attributes=unit.attributes)) is not None:
                variants[variant.name] += 1
    shares = {variant.name: variants[variant.name] for variant in flag.variants}
    return Estimate(kind=kind, units=len(found), active=active, variants=shares, note=_note(flag, known), off=_why_off(flag))


def _why_off(flag: Flag) -> str:
    if flag.killed:
        return "the kill switch is on"
    return "" if flag.enabled else "the flag is off"


def _note(flag: Flag, known: set[str]) -> str:
    """Of attributes that only a request has, and of a schedule."""
    asked = {constraint.attribute for rule in flag.rules for constraint in rule.constraints}
    unknown = ", ".join(sorted(asked - known))
    notes = [f"Not known here, so counted as not given: {unknown}."] if unknown else []
    notes += ["Counted as within its schedule."] if flag.schedule is not None else []
    return " ".join(notes)
