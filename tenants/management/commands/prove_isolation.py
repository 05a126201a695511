import json
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from payment_engine.errors import EngineError
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples, tenant_named
from tenants.isolation.findings import Finding, Verdict
from tenants.operations.prove_isolation import AREAS, pairs_to_try, prove_isolation

_WORST_FIRST = (Verdict.LEAK, Verdict.UNCLEAR, Verdict.SKIPPED, Verdict.HELD, Verdict.NOTHING)


class Command(EngineCommand):
    help = "Attack tenants' isolation in every way we know: SQL, ORM, context, tasks, cache, API, portal. Exit 1 on any leak."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "tenants", nargs="*", help=f"two, each by {TENANT_HELP}; otherwise active ones, with and without a schema of their own"
        )
        parser.add_argument("--base-url", help=f"where the web answers; when named, it must (default {_demo_address()}, if it does)")
        parser.add_argument(
            "--area",
            action="append",
            type=_area,
            choices=AREAS,
            help="only this one, and the catalogs; when named, nothing of it is skipped; may be repeated (tasks go with the context)",
        )
        parser.add_argument("--json", action="store_true", help="every finding, as one JSON array")
        give_examples(
            parser,
            "prove_isolation",
            "prove_isolation demo-bank acme-bank --base-url http://127.0.0.1:8000",
            "prove_isolation --area SQL --area ORM",
        )

    def handle(
        self, *, tenants: list[str], base_url: str | None, area: list[str] | None, json: bool, verbosity: int, **_options: object
    ) -> None:
        if len(tenants) not in {0, 2}:
            raise CommandError("name two tenants, or none")
        pair = [tenant_named(each).slug for each in tenants]
        stopped = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made for the proof is removed
        logging.disable(logging.WARNING)  # what is refused is refused on purpose
        try:
            findings = list(prove_isolation(pairs=pairs_to_try(pair), base_url=base_url or _demo_address(), areas=area or AREAS))
        except EngineError as error:
            raise CommandError(error.detail) from error
        finally:
            logging.disable(logging.NOTSET)
            signal.signal(signal.SIGTERM, stopped)
        self.stdout.write(_as_json(findings) if json else "\n".join(_report(findings, every=verbosity > 1)))
        if not json and (left_out := [each for each in AREAS if each not in (area or AREAS)]):
            self.stdout.write(f"not asked for: {', '.join(left_out)}")
        # What was asked for by name is not passed over because of a wrong port.
        asked = AREAS if base_url is not None else area or ()
        failures = [each for each in findings if each.is_failure or (each.verdict is Verdict.SKIPPED and each.area in asked)]
        if failures:
            raise CommandError("\n".join(["isolation is not proved:", *map(_sentence, failures)]))


def _area(text: str) -> str:
    """In its own capitals."""
    return next((area for area in AREAS if area.lower() == text.lower()), text)


def _demo_address() -> str:
    try:
        return str(json.loads(Path(settings.DATA_DIR, "demo.json").read_bytes())["baseUrl"])
    except (OSError, ValueError, LookupError, TypeError):  # there is no demo, or another file
        return "http://127.0.0.1:8000"


def _as_json(findings: Iterable[Finding]) -> str:
    rows = [
        {
            "area": each.area,
            "attack": each.attack,
            "target": each.target,
            "attacker": each.attacker,
            "victim": each.victim,
            "verdict": each.verdict.value,
            "detail": each.outcome.detail,
        }
        for each in findings
    ]
    return json.dumps(rows, indent=1)


def _report(findings: list[Finding], *, every: bool) -> Iterator[str]:
    yield f"{'area':<11} {'attack':<48} {'tried on':>9}  verdict"
    for (area, attack), group in groupby(sorted(findings, key=_order(findings)), key=lambda each: (each.area, each.attack)):
        tried = list(group)
        yield f"{area:<11} {attack:<48} {len(tried):>9}  {_verdict_of(tried)}"
        shown = tried if every else [each for each in tried if each.is_failure or each.verdict is Verdict.SKIPPED]
        yield from (f"  {_sentence(each)}" for each in shown)
    counts = {verdict: sum(each.verdict is verdict for each in findings) for verdict in _WORST_FIRST}
    yield ""
    yield f"{len(findings)} attempts: " + ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    if empty := _tables_without_rows(findings):
        yield f"n/a: nobody has rows to steal in {', '.join(empty)}"


def _tables_without_rows(findings: list[Finding]) -> list[str]:
    reads = [each for each in findings if each.attack == "read by id"]
    return sorted({each.target for each in reads} - {each.target for each in reads if each.verdict is not Verdict.NOTHING})


def _order(findings: list[Finding]) -> Any:  # noqa: ANN401  # a sort key
    first: dict[tuple[str, str], int] = {}
    for place, each in enumerate(findings):
        first.setdefault((each.area, each.attack), place)
    return lambda each: first[each.area, each.attack]


def _verdict_of(tried: list[Finding]) -> str:
    verdicts = {each.verdict for each in tried}
    worst = next(verdict for verdict in _WORST_FIRST if verdict in verdicts)
    without = sum(each.verdict is Verdict.NOTHING for each in tried)
    detail = tried[0].outcome.detail if worst is Verdict.NOTHING else f"{without} n/a" if without else ""
    return f"{worst.value} ({detail})" if detail else worst.value


def _sentence(finding: Finding) -> str:
    direction = f" ({finding.attacker} → {finding.victim})" if finding.victim != "-" else ""
    return f"{finding.verdict.value}: {finding.area}, {finding.attack}, {finding.target}{direction}: {finding.outcome.detail}"
