"""Business-day calendars: on which days a payment system settles. Pure: what is kept for all, and a tenant's own days on top.

The holidays come from the library `holidays`; each year is read once per process and stays. Which of its lists is right:

- TARGET2: its list of the European Central Bank, the closing days of T2 (six a year), not any country's holidays.
- US_FED: its list of the Federal Reserve Banks. A holiday on a Saturday is not moved, as the Banks are open the Friday
  before; the federal holidays of the country would close that Friday.
- UK: the bank holidays of England and Wales, by which CHAPS, Bacs and the Bank of England close; Scotland's differ.
- CH: the public holidays of the canton of Zurich and Saint Berchtold's Day, on which SIC settles nothing. The list of the SIX
  exchange is another one: it closes on 24 and 31 December, when SIC is open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from payment_engine.clock import today
from payment_engine.errors import DateOutOfRange

SATURDAY: Final = 5
SUNDAY: Final = 6
SATURDAY_AND_SUNDAY: Final = frozenset({SATURDAY, SUNDAY})
# Since 2012 no time zone repeats or skips a whole date; the library ends with 2100, and a value date may fall into the next year.
FIRST_YEAR: Final = 2012
LAST_YEAR: Final = 2099
ROLL_LIMIT_DAYS: Final = 366
EVERY_DAY: Final = "EVERY_DAY"
Holidays = Mapping[date, str]


class ClosedBy(StrEnum):
    """What makes a day no business day. A tenant's own word counts before a holiday, a holiday before the weekend."""

    TENANT = "TENANT"
    HOLIDAY = "HOLIDAY"
    WEEKEND = "WEEKEND"


class Closing(Struct, frozen=True):
    """Why a day is no business day; `name` of the holiday or of the tenant's own day."""

    by: ClosedBy
    name: str = ""


class OwnDay(Struct, frozen=True):
    """A day on which a tenant departs from the calendar."""

    is_business_day: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BusinessCalendar:
    """A calendar compiled for decisions. `holidays_of` gives the holidays of a year, `own_days` of the tenant override them.

    `base` is the kept calendar whose holidays a tenant's own one observes; None for a kept one.
    """

    code: str
    name: str
    time_zone: str
    holidays_of: Callable[[int], Holidays]
    aliases: tuple[str, ...] = ()
    base: str | None = None
    weekend: frozenset[int] = SATURDAY_AND_SUNDAY
    own_days: Mapping[date, OwnDay] = field(default_factory=lambda: MappingProxyType({}))

    def closing(self, day: date) -> Closing | None:
        """Why `day` is no business day; None when it is one."""
        own = self.own_days.get(day)
        if own is not None:
            return None if own.is_business_day else Closing(ClosedBy.TENANT, own.name)
        holiday = self.holidays_of(day.year).get(day)
        if holiday is not None:
            return Closing(ClosedBy.HOLIDAY, holiday)
        return _WEEKEND if day.weekday() in self.weekend else None

    def is_business_day(self, day: date) -> bool:
        return self.closing(day) is None


_WEEKEND: Final = Closing(ClosedBy.WEEKEND)


def check_year(year: int) -> None:
    """Raises DateOutOfRange for a year that the calendars don't reach."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise DateOutOfRange(f"calendars reach from {FIRST_YEAR} to {LAST_YEAR}")


def _library(load: Callable[[int], Mapping[date, str]]) -> Callable[[int], Holidays]:
    """The list of one year, read once per process and never changed again."""

    @lru_cache(maxsize=256)
    def holidays_of(year: int) -> Holidays:
        return MappingProxyType(dict(sorted(load(year).items())))

    return holidays_of


# The library takes most of a second to import, so it is imported with the first list that is wanted: see `read_ahead`.
@_library
def _t2(year: int) -> Mapping[date, str]:
    from holidays import financial_holidays  # noqa: PLC0415  # as said above

    return financial_holidays("XECB", years=year)


@_library
def _federal_reserve(year: int) -> Mapping[date, str]:
    from holidays import financial_holidays  # noqa: PLC0415

    return financial_holidays("XFED", years=year)


@_library
def _england_and_wales(year: int) -> Mapping[date, str]:
    from holidays import country_holidays  # noqa: PLC0415

    return country_holidays("GB", subdiv="ENG", years=year, language="en_GB")


@_library
def _swiss_banks(year: int) -> Mapping[date, str]:
    from holidays import country_holidays  # noqa: PLC0415

    zurich = country_holidays("CH", subdiv="ZH", years=year, language="en_US")
    return {**zurich, date(year, 1, 2): "Saint Berchtold's Day"}


def _none(_year: int) -> Holidays:
    return _NO_HOLIDAYS


_NO_HOLIDAYS: Final[Holidays] = MappingProxyType({})
KEPT_CALENDARS: Final = (
    BusinessCalendar(
        code="TARGET2",
        name="T2, the euro payments of the Eurosystem",
        aliases=("T2", "TARGET"),
        time_zone="Europe/Berlin",
        holidays_of=_t2,
    ),
    BusinessCalendar(
        code="US_FED",
        name="Federal Reserve Banks: Fedwire and FedACH",
        aliases=("FEDWIRE", "FEDACH", "FED", "US"),
        time_zone="America/New_York",
        holidays_of=_federal_reserve,
    ),
    BusinessCalendar(
        code="UK",
        name="Bank holidays of England and Wales: CHAPS and Bacs",
        aliases=("GB", "CHAPS", "BACS"),
        time_zone="Europe/London",
        holidays_of=_england_and_wales,
    ),
    BusinessCalendar(
        code="CH", name="Swiss Interbank Clearing: SIC", aliases=("SIC", "SIX"), time_zone="Europe/Zurich", holidays_of=_swiss_banks
    ),
    BusinessCalendar(
        code=EVERY_DAY,
        name="Every day, as instant payments settle",
        time_zone="UTC",
        holidays_of=_none,
        weekend=frozenset(),
    ),
)
KEPT_BY_CODE: Final[Mapping[str, BusinessCalendar]] = MappingProxyType({calendar.code: calendar for calendar in KEPT_CALENDARS})
KEPT_CODES: Final = frozenset(code for calendar in KEPT_CALENDARS for code in (calendar.code, *calendar.aliases))


def read_ahead() -> None:
    """Read the lists of this year and the next now, so that no payment waits for them."""
    year = today().year
    for calendar in KEPT_CALENDARS:
        calendar.holidays_of(year)
        calendar.holidays_of(year + 1)
