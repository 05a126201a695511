"""Who has a feature: sticky, monotonic, and off before anything else says on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_mgmt.flags.evaluate import chosen_variant, estimate, is_active, normalized
from config_mgmt.flags.values import Constraint, Flag, Operator, Rule, Schedule, Variant

UNITS = [f"cus_{number:032x}" for number in range(10_000)]
HALF = Flag(key="test-feature", enabled=True, rollout_percentage=50)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
texts = st.text(max_size=30)
percentages = st.integers(0, 100)
constraints = st.builds(
    Constraint,
    attribute=st.sampled_from(["unit", "customer", "channel"]),
    operator=st.sampled_from(Operator),
    values=st.frozensets(st.sampled_from(["api", "branch", "a", "b"]), max_size=3),
)
rules = st.builds(Rule, constraints=st.lists(constraints, max_size=2).map(tuple), rollout_percentage=st.none() | percentages)
variants = st.lists(st.integers(0, 1000), max_size=5).map(
    lambda weights: tuple(Variant(name=f"v{number}", weight=weight) for number, weight in enumerate(weights))
)
flags = st.builds(
    Flag, key=texts, enabled=st.just(True), rollout_percentage=percentages, rules=st.lists(rules, max_size=3).map(tuple), variants=variants
)
attributes = st.fixed_dictionaries({}, optional={"customer": st.sampled_from(["a", "b"]), "channel": st.sampled_from(["api", "branch"])})


def targeting(attribute: str, operator: Operator, *values: str, percentage: int | None = None) -> Rule:
    return Rule(constraints=(Constraint(attribute=attribute, operator=operator, values=frozenset(values)),), rollout_percentage=percentage)


@pytest.mark.parametrize("percentage", [10, 50, 90])
def test_the_share_of_10_000_units_is_the_percentage(percentage: int) -> None:
    assert estimate(replace(HALF, rollout_percentage=percentage), UNITS).share_percent == pytest.approx(percentage, abs=1.5)


def test_raised_from_50_to_60_nobody_falls_out() -> None:
    before = {unit for unit in UNITS if is_active(HALF, unit=unit)}
    after = {unit for unit in UNITS if is_active(replace(HALF, rollout_percentage=60), unit=unit)}
    assert before < after
    assert len(after) / len(UNITS) == pytest.approx(0.6, abs=0.015)


def test_flags_roll_out_to_different_units() -> None:
    other = replace(HALF, key="other-feature")
    both = sum(is_active(HALF, unit=unit) and is_active(other, unit=unit) for unit in UNITS)
    assert both / len(UNITS) == pytest.approx(0.25, abs=0.02)


@given(flag=flags, unit=texts | st.none(), attributes=attributes, more=percentages)
def test_raising_the_percentage_never_takes_a_feature_away(
    flag: Flag, unit: str | None, attributes: dict[str, str | None], more: int
) -> None:
    raised = replace(flag, rollout_percentage=max(flag.rollout_percentage, more))
    if is_active(flag, unit=unit, attributes=attributes):
        assert is_active(raised, unit=unit, attributes=attributes)


@given(flag=flags, unit=texts | st.none(), attributes=attributes, more=percentages)
def test_a_unit_keeps_its_variant(flag: Flag, unit: str | None, attributes: dict[str, str | None], more: int) -> None:
    raised = replace(flag, rollout_percentage=max(flag.rollout_percentage, more))
    if is_active(flag, unit=unit, attributes=attributes):
        chosen = chosen_variant(flag, unit=unit, attributes=attributes)
        assert chosen == chosen_variant(raised, unit=unit, attributes=attributes)
        assert (chosen is None) == (flag.total_weight == 0)
        assert chosen is None or chosen.weight > 0


@given(flag=flags, unit=texts | st.none(), attributes=attributes)
def test_kill_switch_wins(flag: Flag, unit: str | None, attributes: dict[str, str | None]) -> None:
    assert not is_active(replace(flag, killed=True), unit=unit, attributes=attributes)
    assert not is_active(replace(flag, enabled=False), unit=unit, attributes=attributes)


@given(group=texts, unit=st.text(st.characters(exclude_categories=()), max_size=30), modulus=st.integers(1, 5000))
def test_every_text_has_a_number(group: str, unit: str, modulus: int) -> None:
    assert 1 <= normalized(group, unit, modulus=modulus) <= modulus


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOON - timedelta(microseconds=1), False),
        (NOON, True),
        (NOON + timedelta(hours=1) - timedelta(microseconds=1), True),
        (NOON + timedelta(hours=1), False),
    ],
)
def test_schedule_begins_at_its_first_instant_and_ends_before_its_last(at: datetime, expected: bool) -> None:
    flag = Flag(key="sale", enabled=True, schedule=Schedule(active_from=NOON, active_until=NOON + timedelta(hours=1)))
    assert is_active(flag, at=at) is expected


def test_without_a_time_given_it_is_now() -> None:
    begun = Flag(key="sale", enabled=True, schedule=Schedule(active_from=datetime(2020, 1, 1, tzinfo=UTC)))
    ended = replace(begun, schedule=Schedule(active_until=datetime(2020, 1, 1, tzinfo=UTC)))
    assert is_active(begun)
    assert not is_active(ended)


@pytest.mark.parametrize(
    ("rules", "attributes", "expected"),
    [
        ([], {}, True),
        ([targeting("channel", Operator.IN, "api")], {"channel": "api"}, True),
        ([targeting("channel", Operator.IN, "api")], {"channel": "branch"}, False),
        ([targeting("channel", Operator.IN, "api")], {}, False),
        ([targeting("channel", Operator.NOT_IN, "api")], {}, True),
        ([targeting("channel", Operator.NOT_IN, "api")], {"channel": "api"}, False),
        ([targeting("customer", Operator.STARTS_WITH, "cus_0", "cus_1")], {"customer": "cus_17"}, True),
        ([targeting("customer", Operator.STARTS_WITH, "cus_0", "cus_1")], {"customer": "cus_27"}, False),
        ([targeting("customer", Operator.STARTS_WITH, "cus_0")], {}, False),
        ([targeting("unit", Operator.IN, "u-1")], {}, True),
        ([targeting("unit", Operator.NOT_IN, "u-1")], {}, False),
        ([targeting("channel", Operator.IN, "api"), targeting("unit", Operator.IN, "u-1")], {"channel": "branch"}, True),
    ],
)
def test_rules_single_out_whom_they_match(rules: list[Rule], attributes: dict[str, str | None], expected: bool) -> None:
    assert is_active(Flag(key="targeted", enabled=True, rules=tuple(rules)), unit="u-1", attributes=attributes) is expected


def test_all_constraints_of_a_rule_must_hold() -> None:
    one, other = targeting("channel", Operator.IN, "api"), targeting("customer", Operator.IN, "a")
    flag = Flag(key="targeted", enabled=True, rules=(Rule(constraints=one.constraints + other.constraints),))
    assert is_active(flag, attributes={"channel": "api", "customer": "a"})
    assert not is_active(flag, attributes={"channel": "api", "customer": "b"})


def test_a_rule_with_a_percentage_of_its_own_rolls_out_apart() -> None:
    staff = targeting("channel", Operator.IN, "staff", percentage=100)
    flag = Flag(key="test-feature", enabled=True, rollout_percentage=10, rules=(staff, targeting("channel", Operator.NOT_IN, "staff")))
    assert estimate(flag, UNITS, attributes={"channel": "staff"}).active == len(UNITS)
    assert estimate(flag, UNITS, attributes={"channel": "api"}).share_percent == pytest.approx(10, abs=1.5)


def test_variants_share_the_units_by_weight_also_within_a_small_rollout() -> None:
    flag = replace(HALF, rollout_percentage=10, variants=tuple(Variant(name=n, weight=w) for n, w in [("a", 1), ("b", 2), ("c", 0)]))
    result = estimate(flag, [f"unit-{number}" for number in range(30_000)])
    assert result.variants.keys() == {"a", "b"}
    assert sum(result.variants.values()) == result.active
    assert result.variants["b"] / result.active == pytest.approx(2 / 3, abs=0.03)


def test_no_units_are_no_share() -> None:
    none = estimate(HALF, [])
    assert (none.units, none.active, none.share_percent) == (0, 0, 0)
