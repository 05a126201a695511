"""`python -m benchmarks.value_dates`: what the value date of one payment costs in a warm process, reasons included."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from types import MappingProxyType

from benchmarks.costs import Cost, cost, report
from payments.calendars import KEPT_BY_CODE, OwnDay
from payments.value_dates import EVERY_DAY_IN_UTC, ValueDateRule

BUDGET_MICROSECONDS = 10.0


def costs() -> Iterator[Cost]:
    target2 = KEPT_BY_CODE["TARGET2"]
    rule = ValueDateRule(cut_off=time(15), time_zone="Europe/Berlin", calendar=target2)
    yield _cost("no rules: every day counts", EVERY_DAY_IN_UTC, datetime(2026, 4, 1, 9, tzinfo=UTC))
    yield _cost("TARGET2, before the cut-off", rule, datetime(2026, 4, 1, 9, tzinfo=UTC))
    yield _cost("TARGET2, after the cut-off, next day", rule, datetime(2026, 4, 1, 14, tzinfo=UTC))
    yield _cost("TARGET2, after the cut-off, over the Easter weekend", rule, datetime(2026, 4, 2, 14, tzinfo=UTC))
    yield _cost("TARGET2, on the day clocks change", rule, datetime(2027, 3, 28, 14, tzinfo=UTC))
    own_days = MappingProxyType({date(2026, month, day): OwnDay(False, "Own") for month in range(1, 13) for day in range(1, 28)})
    busy = ValueDateRule(cut_off=time(15), time_zone="Europe/Berlin", calendar=replace(target2, own_days=own_days))
    yield _cost("TARGET2, with 324 days of the tenant's own", busy, datetime(2026, 4, 28, 9, tzinfo=UTC))


def _cost(name: str, rule: ValueDateRule, at: datetime) -> Cost:
    return cost(name, lambda: rule.value_date(at), budget_microseconds=BUDGET_MICROSECONDS)


if __name__ == "__main__":
    sys.exit(report(costs()))
