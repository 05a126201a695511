"""The value date of a payment a second before and a second after 15:00, where it is hardest, with the reasons given."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from payments.calendars import KEPT_BY_CODE, BusinessCalendar
from payments.value_dates import ValueDate, value_date

BEFORE, AFTER = "14:59:59", "15:00:01"
IN = "RECEIVED_BEFORE_CUT_OFF"
LATE = "RECEIVED_AFTER_CUT_OFF"
CLOSED = "RECEIVED_ON_CLOSED_DAY"


def ask(
    calendar: str | BusinessCalendar, received: str, cut_off: str | None = "15:00", time_zone: str | None = None, fold: int = 0
) -> ValueDate:
    """The value date of what is `received` by the clock of the calendar's time zone, or of another one."""
    kept = KEPT_BY_CODE[calendar] if isinstance(calendar, str) else calendar
    zone = time_zone or kept.time_zone
    return value_date(
        at=datetime.fromisoformat(received).replace(tzinfo=ZoneInfo(zone), fold=fold),
        cut_off=time.fromisoformat(cut_off) if cut_off else None,
        time_zone=zone,
        calendar=kept,
    )


def steps(found: ValueDate) -> list[str]:
    """`HOLIDAY 04-03` for each reason."""
    return [f"{reason.code} {reason.date:%m-%d}" for reason in found.reasons]


EASTER_2026 = ["HOLIDAY 04-03", "WEEKEND 04-04", "WEEKEND 04-05", "HOLIDAY 04-06"]
CHRISTMAS_2026 = ["HOLIDAY 12-25", "HOLIDAY 12-26", "WEEKEND 12-27", "HOLIDAY 12-28"]
EASTER_2027 = ["HOLIDAY 03-26", "WEEKEND 03-27", "WEEKEND 03-28", "HOLIDAY 03-29"]


@pytest.mark.parametrize(
    ("calendar", "received", "expected", "reasons"),
    [
        # The long weekend of Easter 2026, Friday 3 April to Monday 6 April.
        ("TARGET2", f"2026-04-02 {BEFORE}", "2026-04-02", [f"{IN} 04-02"]),
        ("TARGET2", f"2026-04-02 {AFTER}", "2026-04-07", [f"{LATE} 04-02", *EASTER_2026]),
        ("UK", f"2026-04-02 {BEFORE}", "2026-04-02", [f"{IN} 04-02"]),
        ("UK", f"2026-04-02 {AFTER}", "2026-04-07", [f"{LATE} 04-02", *EASTER_2026]),
        ("CH", f"2026-04-02 {BEFORE}", "2026-04-02", [f"{IN} 04-02"]),
        ("CH", f"2026-04-02 {AFTER}", "2026-04-07", [f"{LATE} 04-02", *EASTER_2026]),
        ("US_FED", f"2026-04-02 {BEFORE}", "2026-04-02", [f"{IN} 04-02"]),
        ("US_FED", f"2026-04-02 {AFTER}", "2026-04-03", [f"{LATE} 04-02"]),  # no holiday at the Federal Reserve
        # Easter 2027: clocks go forward on its Sunday, in the middle of the long weekend.
        ("TARGET2", f"2027-03-25 {BEFORE}", "2027-03-25", [f"{IN} 03-25"]),
        ("TARGET2", f"2027-03-25 {AFTER}", "2027-03-30", [f"{LATE} 03-25", *EASTER_2027]),
        ("UK", f"2027-03-25 {AFTER}", "2027-03-30", [f"{LATE} 03-25", *EASTER_2027]),
        ("CH", f"2027-03-25 {AFTER}", "2027-03-30", [f"{LATE} 03-25", *EASTER_2027]),
        ("TARGET2", f"2027-03-28 {BEFORE}", "2027-03-30", [f"{CLOSED} 03-28", "CLOCKS_FORWARD 03-28", *EASTER_2027[2:]]),
        ("TARGET2", f"2027-03-28 {AFTER}", "2027-03-30", [f"{CLOSED} 03-28", "CLOCKS_FORWARD 03-28", *EASTER_2027[2:]]),
        # Labour Day is Europe's, 2026-05-01 a Friday; the fourth of July falls on a Saturday and moves nowhere.
        ("TARGET2", f"2026-04-30 {AFTER}", "2026-05-04", [f"{LATE} 04-30", "HOLIDAY 05-01", "WEEKEND 05-02", "WEEKEND 05-03"]),
        ("UK", f"2026-04-30 {AFTER}", "2026-05-01", [f"{LATE} 04-30"]),
        ("US_FED", f"2026-07-02 {AFTER}", "2026-07-03", [f"{LATE} 07-02"]),
        ("US_FED", f"2026-07-03 {BEFORE}", "2026-07-03", [f"{IN} 07-03"]),
        ("US_FED", f"2026-07-03 {AFTER}", "2026-07-06", [f"{LATE} 07-03", "HOLIDAY 07-04", "WEEKEND 07-05"]),
        # In 2027 it falls on a Sunday and is observed on Monday.
        ("US_FED", f"2027-07-02 {AFTER}", "2027-07-06", [f"{LATE} 07-02", "WEEKEND 07-03", "WEEKEND 07-04", "HOLIDAY 07-05"]),
        ("US_FED", f"2026-11-25 {BEFORE}", "2026-11-25", [f"{IN} 11-25"]),
        ("US_FED", f"2026-11-25 {AFTER}", "2026-11-27", [f"{LATE} 11-25", "HOLIDAY 11-26"]),
        # The turn of the year.
        ("CH", f"2026-12-31 {AFTER}", "2027-01-04", [f"{LATE} 12-31", "HOLIDAY 01-01", "HOLIDAY 01-02", "WEEKEND 01-03"]),
        ("UK", f"2026-12-24 {AFTER}", "2026-12-29", [f"{LATE} 12-24", *CHRISTMAS_2026]),
        # The two days on which clocks change are Sundays in Europe and in America: the cut-off does not matter on them.
        *(
            (calendar, f"{day} {clock}", monday, [f"{CLOSED} {day[5:]}", f"{change} {day[5:]}", f"WEEKEND {day[5:]}"])
            for calendar, day, change, monday in [
                ("TARGET2", "2026-03-29", "CLOCKS_FORWARD", "2026-03-30"),
                ("TARGET2", "2026-10-25", "CLOCKS_BACK", "2026-10-26"),
                ("UK", "2026-03-29", "CLOCKS_FORWARD", "2026-03-30"),
                ("UK", "2026-10-25", "CLOCKS_BACK", "2026-10-26"),
                ("CH", "2026-03-29", "CLOCKS_FORWARD", "2026-03-30"),
                ("CH", "2026-10-25", "CLOCKS_BACK", "2026-10-26"),
                ("US_FED", "2026-03-08", "CLOCKS_FORWARD", "2026-03-09"),
                ("US_FED", "2026-11-01", "CLOCKS_BACK", "2026-11-02"),
            ]
            for clock in (BEFORE, AFTER)
        ),
    ],
)  # fmt: skip
def test_a_second_before_and_after_the_cut_off(calendar: str, received: str, expected: str, reasons: list[str]) -> None:
    found = ask(calendar, received)
    assert (found.date, steps(found)) == (date.fromisoformat(expected), reasons)


@pytest.mark.parametrize(
    ("time_zone", "day", "change"),
    [
        ("Europe/Berlin", "2026-03-29", "CLOCKS_FORWARD"),
        ("Europe/Berlin", "2026-10-25", "CLOCKS_BACK"),
        ("Europe/London", "2026-03-29", "CLOCKS_FORWARD"),
        ("Europe/London", "2026-10-25", "CLOCKS_BACK"),
        ("America/New_York", "2026-03-08", "CLOCKS_FORWARD"),
        ("America/New_York", "2026-11-01", "CLOCKS_BACK"),
    ],
)
def test_where_every_day_counts_the_cut_off_is_read_from_the_changed_clock(time_zone: str, day: str, change: str) -> None:
    in_time = ask("EVERY_DAY", f"{day} {BEFORE}", time_zone=time_zone)
    late = ask("EVERY_DAY", f"{day} {AFTER}", time_zone=time_zone)
    assert (str(in_time.date), steps(in_time)) == (day, [f"{IN} {day[5:]}", f"{change} {day[5:]}"])
    assert (late.date - in_time.date).days == 1
    assert steps(late) == [f"{LATE} {day[5:]}", f"{change} {day[5:]}"]


@pytest.mark.parametrize(
    ("received", "fold", "in_time"),
    [("2026-03-29 01:59:59", 0, True), ("2026-03-29 03:00:00", 0, False), ("2026-03-29 14:00:00", 0, False)],
)
def test_a_cut_off_the_clock_skips_passes_as_it_jumps(received: str, fold: int, in_time: bool) -> None:
    found = ask("EVERY_DAY", received, "02:30", "Europe/Berlin", fold)
    assert steps(found) == [f"{IN if in_time else LATE} 03-29", "CLOCKS_FORWARD 03-29", "CUT_OFF_SKIPPED 03-29"]


@pytest.mark.parametrize(
    ("received", "fold", "in_time"),
    [
        ("2026-10-25 02:29:59", 0, True),
        ("2026-10-25 02:30:00", 0, False),
        ("2026-10-25 02:10:00", 1, False),  # the clock shows 02:10 again: whoever comes now is late all the same
        ("2026-10-25 02:29:59", 1, False),
        ("2026-10-25 02:30:00", 1, False),
        ("2026-10-25 03:00:00", 0, False),
    ],
)
def test_of_a_cut_off_the_clock_shows_twice_the_first_counts(received: str, fold: int, in_time: bool) -> None:
    found = ask("EVERY_DAY", received, "02:30", "Europe/Berlin", fold)
    assert steps(found) == [f"{IN if in_time else LATE} 10-25", "CLOCKS_BACK 10-25", "CUT_OFF_REPEATED 10-25"]


def test_an_hour_shown_twice_before_the_cut_off_is_in_time_both_times() -> None:
    assert ask("EVERY_DAY", "2026-10-25 02:59:59", "03:00", "Europe/Berlin", 1).date == date(2026, 10, 25)
    assert ask("EVERY_DAY", "2026-10-25 03:00:00", "03:00", "Europe/Berlin").date == date(2026, 10, 26)


def test_the_cut_off_itself_is_too_late() -> None:
    assert ask("TARGET2", "2026-06-10 14:59:59.999999").date == date(2026, 6, 10)
    assert ask("TARGET2", "2026-06-10 15:00:00").date == date(2026, 6, 11)


def test_the_day_is_that_of_the_cut_offs_clock_wherever_the_caller_is() -> None:
    late_in_tokyo = datetime.fromisoformat("2026-06-11T02:00:00+09:00")
    found = value_date(at=late_in_tokyo, cut_off=time(15), time_zone="America/New_York", calendar=KEPT_BY_CODE["US_FED"])
    assert (found.local_time.isoformat(), found.date) == ("2026-06-10T13:00:00-04:00", date(2026, 6, 10))


def test_reasons_are_sentences() -> None:
    texts = [reason.text for reason in ask("TARGET2", f"2026-04-02 {AFTER}").reasons]
    assert texts[:3] == [
        "Received on Thursday 2026-04-02 at 15:00:01 Europe/Berlin, not before the cut-off at 15:00: it is a payment of the next day.",
        "Friday 2026-04-03 is a holiday in TARGET2: Good Friday.",
        "Saturday 2026-04-04 is a day of the weekend in TARGET2.",
    ]
    assert [reason.text for reason in ask("EVERY_DAY", "2026-10-25 02:10:00", "02:30:30", "Europe/Berlin", 1).reasons[1:]] == [
        "Clocks in Europe/Berlin go back by 60 minutes on Sunday 2026-10-25.",
        "The clock shows 02:30:30 twice on Sunday 2026-10-25: the first time is the cut-off.",
    ]


def test_without_a_cut_off_the_day_of_receipt_counts() -> None:
    found = ask("US_FED", "2026-06-10 23:59:59", None)
    assert (found.date, steps(found)) == (date(2026, 6, 10), ["NO_CUT_OFF 06-10"])
