"""The kept calendars against what the operators publish."""

from datetime import date

import pytest

from payments.calendars import FIRST_YEAR, KEPT_BY_CODE, KEPT_CALENDARS, KEPT_CODES, LAST_YEAR


def closed_weekdays(calendar: str, year: int) -> list[str]:
    kept = KEPT_BY_CODE[calendar]
    return [f"{day:%m-%d}" for day in kept.holidays_of(year) if day.weekday() not in kept.weekend]


@pytest.mark.parametrize(
    ("calendar", "year", "days"),
    [
        ("TARGET2", 2025, "01-01 04-18 04-21 05-01 12-25 12-26"),
        ("TARGET2", 2026, "01-01 04-03 04-06 05-01 12-25"),
        ("US_FED", 2025, "01-01 01-20 02-17 05-26 06-19 07-04 09-01 10-13 11-11 11-27 12-25"),
        ("US_FED", 2026, "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25"),
        ("US_FED", 2027, "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25"),
        ("UK", 2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
        ("UK", 2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        ("UK", 2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"),
        ("CH", 2025, "01-01 01-02 04-18 04-21 05-01 05-29 06-09 08-01 12-25 12-26"),
        ("CH", 2026, "01-01 01-02 04-03 04-06 05-01 05-14 05-25 12-25"),
        ("EVERY_DAY", 2026, ""),
    ],
)
def test_the_days_on_which_nothing_settles(calendar: str, year: int, days: str) -> None:
    assert closed_weekdays(calendar, year) == days.split()


def test_sic_is_open_when_the_swiss_exchange_is_closed() -> None:
    assert KEPT_BY_CODE["CH"].is_business_day(date(2026, 12, 24))
    assert KEPT_BY_CODE["CH"].is_business_day(date(2026, 12, 31))


def test_fedwire_is_open_the_friday_before_a_holiday_on_saturday() -> None:
    assert KEPT_BY_CODE["US_FED"].is_business_day(date(2026, 7, 3))


def test_every_year_that_is_promised_has_its_holidays() -> None:
    for calendar in KEPT_CALENDARS:
        for year in (FIRST_YEAR, LAST_YEAR, LAST_YEAR + 1):
            assert bool(calendar.holidays_of(year)) is (calendar.code != "EVERY_DAY")


def test_a_list_is_read_once_and_never_changed() -> None:
    kept = KEPT_BY_CODE["TARGET2"]
    assert kept.holidays_of(2026) is kept.holidays_of(2026)
    with pytest.raises(TypeError):
        kept.holidays_of(2026)[date(2026, 6, 1)] = "Mine"  # type: ignore[index]


def test_codes_and_aliases_are_unique() -> None:
    assert len(KEPT_CODES) == sum(1 + len(calendar.aliases) for calendar in KEPT_CALENDARS)
