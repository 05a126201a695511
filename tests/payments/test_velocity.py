"""Limits over windows, without a database: no sequence of payments exceeds them."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.rules import Allowed
from payments.velocity import EVERY_TYPE, RunningUsage, VelocityLimit, Window
from tests.payments.test_rules import account, code, decided, terms

START = datetime(2026, 3, 28, 23, 58, tzinfo=UTC)
limits = st.lists(
    st.builds(
        VelocityLimit,
        window=st.sampled_from(Window),
        max_count=st.none() | st.integers(1, 5),
        max_amount=st.none() | st.integers(1, 500).map(Decimal),
    ),
    unique_by=lambda limit: limit.window,
    max_size=4,
)
steps = st.lists(st.tuples(st.integers(0, 3 * 24 * 60), st.integers(1, 300_00)), max_size=25)


@given(limits, steps)
def test_no_sequence_exceeds_any_window(velocity: list[VelocityLimit], payments: list[tuple[int, int]]) -> None:
    limited = terms(velocity_limits=tuple(velocity))
    ada = account(booked_minor=10**12)
    allowed: list[tuple[datetime, int]] = []
    refused: list[tuple[datetime, int]] = []
    moment = START
    usage: dict[tuple[Window, datetime], RunningUsage] = defaultdict(RunningUsage)
    for minutes, amount in payments:
        moment += timedelta(minutes=minutes)
        used = {}
        for window in Window:
            used.update({key: value for key, value in usage[window, window.start(moment)].of(ada.id).items() if key[1] is window})
        decision = decided(amount, terms=limited, debtor=ada, used=used)
        (allowed if isinstance(decision, Allowed) else refused).append((moment, amount))
        if isinstance(decision, Allowed):
            for minor in limited.in_minor_units("EUR").limits:
                usage[minor.window, minor.window.start(moment)].add(ada.id, (minor,), amount)
    for limit in velocity:
        of_window: dict[datetime, list[int]] = defaultdict(list)
        for at, amount in allowed:
            of_window[limit.window.start(at)].append(amount)
        for made in of_window.values():
            assert limit.max_count is None or len(made) <= limit.max_count
            assert limit.max_amount is None or sum(made) <= limit.max_amount * 100
    assert not refused or velocity


@pytest.mark.parametrize(
    ("window", "start"),
    [
        (Window.MINUTE, datetime(2026, 10, 31, 23, 59, tzinfo=UTC)),
        (Window.HOUR, datetime(2026, 10, 31, 23, tzinfo=UTC)),
        (Window.DAY, datetime(2026, 10, 31, tzinfo=UTC)),
        (Window.MONTH, datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
def test_windows_are_of_the_calendar_in_utc(window: Window, start: datetime) -> None:
    moment = datetime(2026, 11, 1, 1, 59, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    assert window.start(moment) == start


def test_a_refusal_says_what_is_left() -> None:
    limited = terms(velocity_limits=(VelocityLimit(window=Window.HOUR, max_count=1, max_amount=Decimal(10)),), max_daily_limit=Decimal(20))
    ada = account(booked_minor=10**6)
    usage = RunningUsage()
    usage.add(ada.id, limited.in_minor_units("EUR").limits, 4_00)
    decision = decided(1, terms=limited, debtor=ada, used=usage.of(ada.id))
    assert str(decision) == "the debtor account has made 1 of at most 1 payments of this type in one hour"
    too_much = decided(10_01, terms=limited, debtor=ada)
    assert (code(too_much), str(too_much)) == ("limit_exceeded", "10.00 EUR are left of the limit for payments of this type in one hour")
    cap_only = terms(max_daily_limit=Decimal(20))
    over = decided(16_01, terms=cap_only, debtor=ada, used=usage.of(ada.id))
    assert str(over) == "16.00 EUR are left of the limit for payments of all types together in one day"


def test_from_the_threshold_on_a_payment_needs_an_approval() -> None:
    threshold = terms(approval_threshold=Decimal(50))
    assert code(decided(49_99, terms=threshold)) is None
    allowed = decided(50_00, terms=threshold)
    assert isinstance(allowed, Allowed)
    assert (allowed.needs_approval, allowed.at_once) == (True, False)


def test_all_types_together_are_counted_apart() -> None:
    usage = RunningUsage()
    ada = account()
    usage.add(ada.id, terms(max_daily_limit=Decimal(1)).in_minor_units("EUR").limits, 5)
    assert set(usage.of(ada.id)) == {(EVERY_TYPE, Window.DAY)}
