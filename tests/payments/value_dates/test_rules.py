"""What holds for every calendar, time zone, cut-off and instant."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payment_engine.errors import ValidationFailed
from payments.calendars import FIRST_YEAR, KEPT_BY_CODE, KEPT_CALENDARS, LAST_YEAR, BusinessCalendar, OwnDay
from payments.value_dates import ReasonCode, ValueDateRule, is_time_zone, value_date

# Clocks that change by an hour, by half an hour (Lord Howe), by two (Troll), at midnight (Beirut, Santiago), for Ramadan, or never.
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Asia/Beirut",
        "America/Santiago",
        "Africa/Casablanca",
        "America/Havana",
        "Pacific/Kiritimati",
        "Pacific/Niue",
        "Asia/Kathmandu",
        "UTC",
    ]
)
INSTANTS = st.datetimes(min_value=datetime(FIRST_YEAR, 1, 2), max_value=datetime(LAST_YEAR, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
CUT_OFFS = st.none() | st.times()
OWN_DAYS = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.booleans().map(lambda open_: OwnDay(open_, "Own")), max_size=40
)
CALENDARS = st.builds(
    lambda kept, weekend, own: replace(kept, weekend=weekend if weekend is not None else kept.weekend, own_days=own),
    st.sampled_from(KEPT_CALENDARS),
    st.none() | st.frozensets(st.integers(0, 6), max_size=6),
    OWN_DAYS,
)
RULES = st.builds(ValueDateRule, cut_off=CUT_OFFS, time_zone=ZONES, calendar=CALENDARS)


@given(rule=RULES, at=INSTANTS)
def test_it_is_a_business_day_and_not_before_the_day_of_receipt(rule: ValueDateRule, at: datetime) -> None:
    found = rule.value_date(at)
    assert rule.calendar.is_business_day(found.date)
    assert found.date >= found.local_time.date()
    assert found.business_day is rule.calendar.is_business_day(found.local_time.date())


@given(rule=RULES, instants=st.lists(INSTANTS, min_size=2, max_size=20))
def test_a_later_payment_has_no_earlier_value_date(rule: ValueDateRule, instants: list[datetime]) -> None:
    dates = [rule.value_date(at).date for at in sorted(instants)]
    assert dates == sorted(dates)


@settings(deadline=None)
@given(rule=RULES, day=st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_nor_within_one_day_on_whatever_clock(rule: ValueDateRule, day: date) -> None:
    start = datetime.combine(day, time(), UTC) - timedelta(hours=14)
    dates = [rule.value_date(start + timedelta(minutes=10) * step).date for step in range(6 * 40)]
    assert all(earlier <= later for earlier, later in pairwise(dates))


@given(rule=RULES, at=INSTANTS)
def test_every_day_that_is_passed_over_has_its_reason(rule: ValueDateRule, at: datetime) -> None:
    found = rule.value_date(at)
    closed = {ReasonCode.WEEKEND, ReasonCode.HOLIDAY, ReasonCode.CLOSED_BY_TENANT}
    explained = {reason.date for reason in found.reasons if reason.code in closed}
    received = found.local_time.date()
    late = found.reasons[0].code is ReasonCode.RECEIVED_AFTER_CUT_OFF
    first = received + timedelta(days=1) if late else received
    assert explained == {first + timedelta(days=step) for step in range((found.date - first).days)}
    assert all(reason.text for reason in found.reasons)


@given(rule=RULES, at=INSTANTS)
def test_a_day_of_the_tenants_own_flips_it(rule: ValueDateRule, at: datetime) -> None:
    before = rule.value_date(at)
    closed = _with_day(rule, before.date, is_business_day=False)
    after = closed.value_date(at)
    assert after.date > before.date
    assert ReasonCode.CLOSED_BY_TENANT in {reason.code for reason in after.reasons}
    reopened = _with_day(rule, before.date, is_business_day=True).value_date(at)
    assert (reopened.date, reopened.reasons[-1].code) == (before.date, ReasonCode.OPENED_BY_TENANT)


@given(rule=RULES, at=INSTANTS, requested=st.dates(date(2000, 1, 1), date(LAST_YEAR, 12, 1)))
def test_a_requested_date_is_waited_for(rule: ValueDateRule, at: datetime, requested: date) -> None:
    found = rule.value_date(at, requested=requested)
    unasked = rule.value_date(at)
    assert found.date >= max(requested, unasked.date)
    assert rule.calendar.is_business_day(found.date)
    if requested <= unasked.local_time.date():
        assert found == unasked


@given(rule=RULES, at=INSTANTS)
def test_a_day_closed_for_others_changes_nothing_here(rule: ValueDateRule, at: datetime) -> None:
    """What is stored for one calendar or tenant is no part of another: compiled calendars share no state."""
    before = rule.value_date(at)
    _with_day(rule, before.date, is_business_day=False)
    assert rule.value_date(at) == before


@pytest.mark.parametrize("year", [1, FIRST_YEAR - 1, LAST_YEAR + 1, 9999])
def test_years_no_calendar_reaches_are_refused(year: int) -> None:
    rule = ValueDateRule(cut_off=time(15), time_zone="Europe/Berlin", calendar=KEPT_BY_CODE["TARGET2"])
    with pytest.raises(ValidationFailed):
        rule.value_date(datetime(year, 6, 1, tzinfo=UTC))
    if year > LAST_YEAR:
        with pytest.raises(ValidationFailed):
            rule.value_date(datetime(2026, 6, 1, tzinfo=UTC), requested=date(year, 6, 1))


def test_the_last_day_of_all_still_has_a_value_date() -> None:
    for calendar in KEPT_CALENDARS:
        found = value_date(
            at=datetime(LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC), cut_off=time(0), time_zone="Pacific/Kiritimati", calendar=calendar
        )
        assert found.date.year == LAST_YEAR + 1


def test_a_calendar_that_never_opens_is_refused_rather_than_searched_for_ever() -> None:
    closed = replace(KEPT_BY_CODE["EVERY_DAY"], weekend=frozenset(range(7)))
    with pytest.raises(ValidationFailed):
        value_date(at=datetime(2026, 6, 1, tzinfo=UTC), cut_off=None, time_zone="UTC", calendar=closed)


def test_time_zones_are_those_of_the_database() -> None:
    assert is_time_zone("Europe/Berlin")
    assert [is_time_zone(name) for name in ("Europe/Atlantis", "CEST+2", "", "../etc/passwd", "localtime")] == [False] * 5


def _with_day(rule: ValueDateRule, day: date, *, is_business_day: bool) -> ValueDateRule:
    own: dict[date, Any] = {**rule.calendar.own_days, day: OwnDay(is_business_day, "Own")}
    calendar: BusinessCalendar = replace(rule.calendar, own_days=own)
    return ValueDateRule(cut_off=rule.cut_off, time_zone=rule.time_zone, calendar=calendar)
