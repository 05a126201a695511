"""What is wrong, or noteworthy, in a message: where, which code, and how much of the message it takes down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

REPORTED_AT_MOST: Final = 100


class Tier(IntEnum):
    WIRE = 1
    SCHEMA = 2
    MESSAGE = 3
    PROFILE = 4
    ACCOUNT = 5


class Level(StrEnum):
    """What a refusing finding takes down, and what a warning is about."""

    GROUP = "group"
    PAYMENT = "payment"
    TRANSACTION = "transaction"


class Severity(StrEnum):
    REFUSES = "refuses"
    WARNS = "warns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`payment_index` and `transaction_index` count from 0 in file order; `path` counts from 1 as XPath does."""

    tier: Tier
    code: str
    level: Level
    path: str
    line: int
    text: str
    payment_index: int | None = None
    transaction_index: int | None = None
    severity: Severity = Severity.REFUSES

    @property
    def refuses(self) -> bool:
        return self.severity is Severity.REFUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Every refusal counts, however many there are; only the first 100 findings are kept to be shown."""

    reported: tuple[Finding, ...]
    omitted: int
    group_refusals: tuple[Finding, ...]
    payment_refusals: Mapping[int, tuple[Finding, ...]]
    refused_transactions: int

    @property
    def refuse_group(self) -> bool:
        return bool(self.group_refusals)

    def and_also(self, more: Iterable[Finding]) -> "Findings":
        """With findings about groups and payment blocks that were made later."""
        log = FindingLog(
            reported=[*self.reported],
            omitted=self.omitted,
            group_refusals=[*self.group_refusals],
            payment_refusals={index: [*found] for index, found in self.payment_refusals.items()},
            refused_transactions=self.refused_transactions,
        )
        for finding in more:
            log.add(finding)
        return log.frozen()


@dataclass(slots=True)
class FindingLog:
    """Collects findings while a message is read."""

    reported: list[Finding] = field(default_factory=list)
    omitted: int = 0
    group_refusals: list[Finding] = field(default_factory=list)
    payment_refusals: dict[int, list[Finding]] = field(default_factory=dict)
    refused_transactions: int = 0

    def add(self, finding: Finding) -> None:
        self._report(finding)
        if not finding.refuses:
            return
        if finding.level is Level.GROUP:
            if len(self.group_refusals) < REPORTED_AT_MOST:
                self.group_refusals.append(finding)
        elif finding.level is Level.PAYMENT and finding.payment_index is not None:
            self.payment_refusals.setdefault(finding.payment_index, []).append(finding)

    def add_all_of_transaction(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._report(finding)
        if any(finding.refuses for finding in findings):
            self.refused_transactions += 1

    def _report(self, finding: Finding) -> None:
        if len(self.reported) < REPORTED_AT_MOST:
            self.reported.append(finding)
        else:
            self.omitted += 1

    def frozen(self) -> Findings:
        return Findings(
            reported=tuple(self.reported),
            omitted=self.omitted,
            group_refusals=tuple(self.group_refusals),
            payment_refusals={index: tuple(found) for index, found in self.payment_refusals.items()},
            refused_transactions=self.refused_transactions,
        )
