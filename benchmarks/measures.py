"""What one measurement says, and the table of many."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One variant in one round: `ratio` is its rate over that of the references measured just before and after it, `cost` its
    CPU per payment over theirs."""

    variant: str
    payments: int
    seconds: float
    client_cpu_seconds: float
    python_cpu_seconds: float
    postgres_cpu_seconds: float
    ratio: float = 1.0
    cost: float = 1.0
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def rate(self) -> float:
        return self.payments / self.seconds

    @property
    def cpu_us(self) -> float:
        return 1e6 * (self.python_cpu_seconds + self.postgres_cpu_seconds) / self.payments

    def between(self, before: "Measure", after: "Measure") -> "Measure":
        """Compared with the mean of both: a machine that grows slower or faster meanwhile moves neither figure."""
        rate, cpu_us = (before.rate + after.rate) / 2, (before.cpu_us + after.cpu_us) / 2
        return replace(self, ratio=self.rate / rate, cost=self.cpu_us / cpu_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Medians of a variant over the rounds."""

    variant: str
    rate: float
    ratio: float
    python_us: float
    postgres_us: float
    cpu_us: float
    cost: float
    p50_ms: float | None
    p99_ms: float | None


def lines(measures: Iterable[Measure]) -> list[Line]:
    """One line per variant, in the order of their first appearance."""
    by_variant: dict[str, list[Measure]] = {}
    for measure in measures:
        by_variant.setdefault(measure.variant, []).append(measure)
    return [_line(variant, rounds) for variant, rounds in by_variant.items()]


def _line(variant: str, rounds: Sequence[Measure]) -> Line:
    return Line(
        variant=variant,
        rate=statistics.median(m.rate for m in rounds),
        ratio=statistics.median(m.ratio for m in rounds),
        python_us=statistics.median(m.python_cpu_seconds / m.payments for m in rounds) * 1e6,
        postgres_us=statistics.median(m.postgres_cpu_seconds / m.payments for m in rounds) * 1e6,
        cpu_us=statistics.median(m.cpu_us for m in rounds),
        cost=statistics.median(m.cost for m in rounds),
        p50_ms=_median([m.p50_ms for m in rounds]),
        p99_ms=_median([m.p99_ms for m in rounds]),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def table(rows: Iterable[Line]) -> str:
    """Markdown. CPU is per payment; Python is the process that serves or posts, never the load generator."""
    columns = ("variant", "payments/s", "ratio", "CPU µs: Python", "PostgreSQL", "sum", "in references", "p50 ms", "p99 ms")
    head = f"| {' | '.join(columns)} |\n|---{'|--:' * (len(columns) - 1)}|\n"
    return head + "".join(
        f"| {row.variant} | {row.rate:,.0f} | {row.ratio:.2f} | {row.python_us:.0f} | {row.postgres_us:.0f} | {row.cpu_us:.0f} "
        f"| {row.cost:.2f} | {_milliseconds(row.p50_ms)} | {_milliseconds(row.p99_ms)} |\n"
        for row in rows
    )


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
