"""The facts of Unleash's public client specification (5.2.2) and of the SDKs' own hash tests: same inputs, same answers."""

from typing import Any

import pytest

from config_mgmt.flags.evaluate import VARIANT_SEED, chosen_variant, is_active, normalized
from config_mgmt.flags.values import Constraint, Flag, Operator, Rule, Variant

IN, NOT_IN, STARTS_WITH = Operator.IN, Operator.NOT_IN, Operator.STARTS_WITH
# What the SDKs for Java, Go, .NET and Kotlin assert of the hash itself: (unit, group, seed) → 1…100.
HASHES = [
    ("123", "gr1", 0, 73),
    ("999", "groupX", 0, 25),
    ("123", "gr1", VARIANT_SEED, 96),
    ("999", "groupX", VARIANT_SEED, 60),
]
# Specifications 03, 04, 10 and 12: (group, percentage, unit) → in or not.
ROLLOUTS = [
    ("AB12A", 100, "123", True),
    ("AB12A", 50, "122", True),
    ("AB12A", 50, "155", False),
    ("AB12A", 0, "122", False),
    ("Feature.flexibleRollout.100", 100, None, True),
    ("Feature.flexibleRollout.10", 10, "174", True),
    ("Feature.flexibleRollout.10", 10, "499", False),
    ("Feature.flexibleRollout.userId.55", 55, "25", True),
    ("Feature.flexibleRollout.userId.55", 55, None, False),
    ("Feature.flexibleRollout.sessionId.42", 42, "147", True),
    ("Feature.flexibleRollout.0", 0, "147", False),
    ("Feature.flexibleRollout.0", 0, "12", False),
    ("Feature.flexible.rollout.custom.stickiness_100", 100, "any_value", True),
    ("Feature.flexible.rollout.custom.stickiness_50", 50, None, False),
    ("Feature.flexible.rollout.custom.stickiness_50", 50, "402", False),
    ("Feature.flexible.rollout.custom.stickiness_50", 50, "388", True),
    ("Feature.flexible.rollout.custom.stickiness_50", 50, "39", True),
]
COLOURS = {"blue": 25, "red": 25, "green": 25, "yellow": 25}
THIRDS = {"variant1": 33, "variant2": 33, "variant3": 33}
UNEVEN = {"variant1": 1, "variant2": 49, "variant3": 50}
# Specifications 08, 12 and 16: (group, weights, unit) → variant.
VARIANTS: list[tuple[str, dict[str, int], str | None, str]] = [
    ("Feature.Variants.A", {"variant1": 1}, "0", "variant1"),
    ("Feature.Variants.B", {"variant1": 1, "variant2": 1}, "2", "variant2"),
    ("Feature.Variants.B", {"variant1": 1, "variant2": 1}, "0", "variant1"),
    ("Feature.Variants.C", THIRDS, "232", "variant1"),
    ("Feature.Variants.C", THIRDS, "607", "variant2"),
    ("Feature.Variants.C", THIRDS, "656", "variant3"),
    ("Feature.Variants.D", UNEVEN, "712", "variant1"),
    ("Feature.Variants.D", UNEVEN, "525", "variant2"),
    ("Feature.Variants.D", UNEVEN, "537", "variant3"),
    ("Feature.Variants.override.D", {"variant1": 33, "variant2": 33, "variant3": 34}, "388", "variant2"),
    ("Feature.flexible.rollout.custom.stickiness_100", COLOURS, "616", "blue"),
    ("Feature.flexible.rollout.custom.stickiness_100", COLOURS, "503", "red"),
    ("Feature.flexible.rollout.custom.stickiness_100", COLOURS, "438", "green"),
    ("Feature.flexible.rollout.custom.stickiness_100", COLOURS, "44", "yellow"),
    ("a", {"variantNameA": 1, "variantNameB": 1}, "5", "variantNameA"),
    ("a", {"variantNameA": 1, "variantNameB": 1}, "0", "variantNameB"),
    ("a", {"variantNameA": 1, "variantNameB": 1}, "1", "variantNameA"),
    ("a", {"variantNameA": 1, "variantNameB": 1}, "2", "variantNameB"),
    ("Feature.strategy.variant.fallback", {"featureVariant": 1}, None, "featureVariant"),
]
# Specifications 09, 11 and 13: rules (each a list of constraints), attributes → on or not.
MULTI = [[("environment", IN, ["prod"]), ("userId", IN, ["1", "2", "3"]), ("appName", NOT_IN, ["web", "sun-app"])]]
COUNTRY = [[("environment", IN, ["prod"]), ("country", IN, ["norway", "sweeden"])]]
DUAL = [[("environment", IN, ["prod", "dev"]), ("environment", NOT_IN, ["dev", "qa"])]]
TARGETING: list[tuple[list[Any], dict[str, str], bool]] = [
    ([[("environment", IN, ["dev"])]], {"environment": "default"}, False),
    ([[("environment", IN, ["dev"])]], {"environment": "dev"}, True),
    ([[("environment", IN, ["dev", "stage", "prod"])]], {"environment": "stage"}, True),
    ([[("environment", IN, ["dev", "stage", "prod"])]], {"environment": "qa"}, False),
    (MULTI, {"environment": "prod", "userId": "2"}, True),
    (MULTI, {"environment": "prod"}, False),
    (MULTI, {"environment": "prod", "userId": "2", "appName": "web"}, False),
    (COUNTRY, {"environment": "prod", "country": "norway"}, True),
    (COUNTRY, {"environment": "prod", "country": "denmark"}, False),
    (DUAL, {"environment": "prod"}, True),
    (DUAL, {"environment": "dev"}, False),
    ([[("environment", IN, [])]], {"environment": "dev"}, False),
    ([[("environment", IN, [])]], {}, False),
    ([[("environment", NOT_IN, [])]], {"environment": "dev"}, True),
    ([[("environment", NOT_IN, [])]], {}, True),
    ([[]], {"environment": "default"}, True),
    ([[]], {}, True),
    ([[("userId", IN, ["123"])], [("userId", IN, ["456"])]], {"userId": "456"}, True),
    ([[("customField", STARTS_WITH, ["some-string"])]], {"customField": "some-string-is-cool"}, True),
    ([[("customField", STARTS_WITH, ["some-string"])]], {"customField": "some2-is-cool-string"}, False),
    ([[("customField", STARTS_WITH, ["e1", "e2"])]], {"customField": "e2 cool"}, True),
    ([[("customField", STARTS_WITH, ["e1", "e2"])]], {"customField": "cool e1"}, False),
]


@pytest.mark.parametrize(("unit", "group", "seed", "expected"), HASHES)
def test_hash(unit: str, group: str, seed: int, expected: int) -> None:
    assert normalized(group, unit, seed=seed) == expected


@pytest.mark.parametrize(("group", "percentage", "unit", "expected"), ROLLOUTS)
def test_rollout(group: str, percentage: int, unit: str | None, expected: bool) -> None:
    assert is_active(Flag(key=group, enabled=True, rollout_percentage=percentage), unit=unit) is expected


@pytest.mark.parametrize(("group", "weights", "unit", "expected"), VARIANTS)
def test_variant(group: str, weights: dict[str, int], unit: str | None, expected: str) -> None:
    variants = tuple(Variant(name=name, weight=weight) for name, weight in weights.items())
    chosen = chosen_variant(Flag(key=group, enabled=True, variants=variants), unit=unit)
    assert chosen is not None
    assert chosen.name == expected


@pytest.mark.parametrize(("enabled", "percentage", "variants"), [(False, 100, True), (True, 100, False), (True, 0, True)])
def test_no_variant_of_what_is_off_or_has_none(enabled: bool, percentage: int, variants: bool) -> None:
    one = (Variant(name="variant1", weight=1),) if variants else ()
    flag = Flag(key="feature-variant-g", enabled=enabled, rollout_percentage=percentage, variants=one)
    assert chosen_variant(flag, unit="0") is None


@pytest.mark.parametrize(("rules", "attributes", "expected"), TARGETING)
def test_targeting(rules: list[Any], attributes: dict[str, str], expected: bool) -> None:
    flag = Flag(
        key="targeted",
        enabled=True,
        rules=tuple(
            Rule(constraints=tuple(Constraint(attribute=a, operator=o, values=frozenset(v)) for a, o, v in constraints))
            for constraints in rules
        ),
    )
    assert is_active(flag, attributes=attributes) is expected
