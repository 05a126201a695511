"""What decides which value is in force, and who may change it."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="one's own change is approved with a second client",
        file="config_mgmt/operations/four_eyes.py",
        line="if actor.is_one_of(asked_by, asked_by_person):",
        instead="if actor.name == asked_by:",
        tests="tests/config_mgmt/test_change_decisions.py",
    ),
    Sabotage(
        name="a client nobody answers for approves",
        file="config_mgmt/operations/four_eyes.py",
        line="if not actor.is_answered_for or not actor.person:",
        instead="if not actor.person:",
        tests="tests/payments/test_waiting_api.py tests/config_mgmt/test_setting_decisions.py",
    ),
    Sabotage(
        name="a roll-out leaves the last per cent out",
        file="config_mgmt/flags/evaluate.py",
        line="normalized(flag.key, unit) <= percentage",
        instead="normalized(flag.key, unit) < percentage",
        tests="tests/config_mgmt/flags/test_evaluate.py",
    ),
    Sabotage(
        name="the last request of a burst is refused",
        file="config_mgmt/rate_limits/gcra.py",
        line="level.debt_us + bucket.cost_us <= bucket.depth_us",
        instead="level.debt_us + bucket.cost_us < bucket.depth_us",
        tests="tests/config_mgmt/rate_limits/test_gcra.py",
    ),
    Sabotage(
        name="a payment after the cut-off keeps its day",
        file="payments/value_dates.py",
        line="first = today + _DAY if late else today",
        instead="first = today",
        tests="tests/payments/value_dates",
    ),
    Sabotage(
        name="a process never reads changed configuration",
        file="config_mgmt/snapshots.py",
        line="if entry is not None and entry[0] >= tenant.config_revision:",
        instead="if entry is not None:",
        tests="tests/config_mgmt",
    ),
    Sabotage(
        name="a tenant is closed over its customers' money",
        file="config_mgmt/operations/tenants.py",
        line="and not force and (left := obstacles(tenant))",
        instead="and not force and (left := obstacles(tenant)[:0])",
        tests="tests/config_mgmt/tenants/test_life_cycle.py",
    ),
)
