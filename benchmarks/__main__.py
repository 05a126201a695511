"""Start servers of our own, measure in rounds, print one table, keep the figures as JSON."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.core import SETUPS, Core
from benchmarks.helper import PROJECT, run
from benchmarks.machine import Machine, machine
from benchmarks.measures import Line, Measure, lines, table
from benchmarks.messages import TRANSFERS, FileMeasure, file_table, measure_file
from benchmarks.reference import Reference
from benchmarks.rest import Rest
from benchmarks.servers import BenchmarkServers
from benchmarks.web import Web

FAMILIES = ("core", "rest", "messages")
BATCHES = (1, 10, 100, 1000)
CONNECTIONS = (16, 32)
Variant = Callable[[float], Measure]
T = TypeVar("T")
_RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    families: tuple[str, ...]
    rounds: int
    seconds: float
    transfers: int
    warm: bool


@dataclass(slots=True, kw_only=True)
class Results:
    measures: list[Measure] = field(default_factory=list)
    files: list[FileMeasure] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every measurement needs: the servers, our processes' environment, a folder that goes away, and the bank seeded there."""

    servers: BenchmarkServers
    environment: Mapping[str, str]
    folder: Path

    @property
    def bank_file(self) -> Path:
        return self.folder / "bank.json"

    @property
    def bank(self) -> Mapping[str, Any]:
        bank: Mapping[str, Any] = json.loads(self.bank_file.read_text())
        return bank


def main() -> int:
    options = _options()
    with BenchmarkServers() as servers, tempfile.TemporaryDirectory(prefix="payment-engine-benchmark-") as folder, ExitStack() as stack:
        stage = Stage(servers=servers, environment=_environment(servers), folder=Path(folder))
        _prepare(stage)
        if options.warm:
            _say("warming the server up…")
            servers.warm_up()
        results = _measure(options, stage, stack)
    _report(options, results)
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what a payment costs; see docs/performance.md")
    parser.add_argument("--only", default=",".join(FAMILIES), help=f"some of {','.join(FAMILIES)}, separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="how often the variants take turns")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a variant is measured in each round")
    parser.add_argument("--quick", action="store_true", help="one round of one second and a file of 1,000 transfers: does it work at all?")
    given = parser.parse_args()
    families = tuple(given.only.split(","))
    if unknown := set(families) - set(FAMILIES):
        parser.error(f"--only knows {', '.join(FAMILIES)}, not {', '.join(sorted(unknown))}")
    if given.quick:
        return Options(families=families, rounds=1, seconds=1.0, transfers=TRANSFERS // 10, warm=False)
    return Options(families=families, rounds=given.rounds, seconds=given.seconds, transfers=TRANSFERS, warm=True)


def _environment(servers: BenchmarkServers) -> dict[str, str]:
    """As `make run` has it; a file is answered when it is done, however long that takes."""
    mode = {"DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "payment_engine.settings", "ISO20022_SECONDS": "600"}
    return os.environ | servers.environment | mode | {"VAR_DIR": str(servers.folder / "var")}


def _prepare(stage: Stage) -> None:
    owner = dict(stage.environment) | {"DATABASE_LOGIN": "owner"}
    _say("migrating and seeding…")
    stage.bank_file.touch(mode=0o600)
    stage.bank_file.write_text(run(["-m", "benchmarks.seed"], owner))


def _measure(options: Options, stage: Stage, stack: ExitStack) -> Results:
    """Round after round, so that what else the machine does meanwhile meets every variant alike.

    Each round starts with another variant: a round of the posting core lasts as long as autovacuum sleeps, which would
    otherwise wake up beside the same variant each time.
    """
    results = Results()
    reference = Reference(owner_url=stage.environment["DATABASE_OWNER_URL"], postgres_pid=stage.servers.postgres_pid)
    web = stack.enter_context(Web(environment=stage.environment, folder=stage.folder)) if options.families != ("core",) else None
    groups = _groups(options, stage, web, stack)
    for number in range(1, options.rounds + 1):
        when = f"round {number} of {options.rounds}"
        for group in _turned(groups, number - 1):
            results.measures.extend(_group(reference, _turned(group, number - 1), options.seconds, when))
        if web is not None and "messages" in options.families:
            _say(f"{when}: pain.001 of {options.transfers:,} transfers")
            pid = stage.servers.postgres_pid
            results.files.append(measure_file(web=web, bank=stage.bank, postgres_pid=pid, transfers=options.transfers, number=number))
    return results


def _groups(options: Options, stage: Stage, web: Web | None, stack: ExitStack) -> list[list[Variant]]:
    """The variants that take turns with one another."""
    groups: list[list[Variant]] = []
    pid = stage.servers.postgres_pid
    if "core" in options.families:
        core = stack.enter_context(Core(bank_file=stage.bank_file, environment=stage.environment, postgres_pid=pid))
        groups += [[partial(_core, core, batch, processes, parts) for batch in BATCHES] for processes, parts in SETUPS]
    if web is not None and "rest" in options.families:
        rest = stack.enter_context(Rest(web=web, bank_file=stage.bank_file, environment=stage.environment, postgres_pid=pid))
        groups += [[partial(_rest, rest, connections, hot) for hot in (False, True)] for connections in CONNECTIONS]
    return groups


def _turned(items: list[T], places: int) -> list[T]:
    first = places % len(items) if items else 0
    return items[first:] + items[:first]


def _core(core: Core, batch: int, processes: int, parts: int, seconds: float) -> Measure:
    return core.measure(batch=batch, processes=processes, parts=parts, seconds=seconds)


def _rest(rest: Rest, connections: int, hot: bool, seconds: float) -> Measure:
    return rest.measure(connections=connections, hot=hot, seconds=seconds)


def _group(reference: Reference, group: list[Variant], seconds: float, when: str) -> Iterator[Measure]:
    """The variants, with the reference before, between and after them: each is compared with the two beside it."""
    before = _said(reference.measure(seconds), when)
    yield before
    for variant in group:
        measure = variant(seconds)
        after = _said(reference.measure(seconds), when)
        yield _said(measure.between(before, after), when)
        yield after
        before = after


def _said(measure: Measure, when: str) -> Measure:
    _say(f"{when}: {measure.variant}: {measure.rate:,.0f}/s, {measure.ratio:.2f}")
    return measure


def _report(options: Options, results: Results) -> None:
    rows: list[Line] = lines(results.measures)
    here: Machine = machine()
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    document = {
        "options": asdict(options),
        "machine": asdict(here),
        "medians": [asdict(row) for row in rows],
        "measures": [asdict(measure) for measure in results.measures],
        "files": [asdict(measure) for measure in results.files],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\n{here.sentence}\n\n{table(rows)}")
    if results.files:
        print(file_table(results.files))
    print(f"Figures: {path.relative_to(PROJECT)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
