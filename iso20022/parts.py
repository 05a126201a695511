"""Tier 2: a message as a stream of validated parts, so that a file of any length needs the memory of 64 KB of it and one transfer.

libxml2 can validate while parsing, but lxml then reports neither lines nor paths, stops telling after the first error and takes a
truncated file for a whole one. So each `CdtTrfTxInf` is validated when it is complete, then each `PmtInf` and the `Document` with
only the last of its repeated parts left in. Removing one of two equal neighbours never changes the verdict on a repeated element.
What stands apart from its like can't be removed, and no schema allows it: from the first such part on only so much more is read as
a single part may have.

Transfers come in runs, a few hundred of them: a processor that validates them all, then reads them all, then judges them all does so
a quarter faster than one that does everything to each.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from textwrap import shorten
from typing import BinaryIO, Final, NamedTuple, cast

from lxml import etree

from iso20022.envelope import BUSINESS_HEADER_TAGS
from iso20022.findings import REPORTED_AT_MOST, Finding, Level, Tier
from iso20022.paths import descend, line_of, local_name, step_of
from iso20022.schemas import compiled, namespace_of
from iso20022.wire import EventReader, PartTooLarge, WireLimits

_BODY: Final = "CstmrCdtTrfInitn"
_NAMESPACE_IN_TEXT: Final = re.compile(r"\{[^{}]*\}(?=[A-Za-z_])")
_TEXT_LENGTH: Final = 500


class Part(StrEnum):
    BUSINESS_HEADER = "AppHdr"
    GROUP_HEADER = "GrpHdr"
    TRANSFER = "CdtTrfTxInf"
    PAYMENT = "PmtInf"
    DOCUMENT = "Document"


class ReadPart(NamedTuple):
    """`elements` are complete and belong to the caller until the next part is asked for: one, or a run of transfers of one block.

    Indexes count from 0; that of the transaction is the first one's. A run is not valid if one of it is not.
    """

    kind: Part
    elements: Sequence[etree._Element]
    is_valid: bool
    payment_index: int
    transaction_index: int

    @property
    def element(self) -> etree._Element:
        return self.elements[0]


class PartReader:
    """Yields the parts of the one `Document` of a source. `schema_findings` grows while reading; reading ends early at 100 of them."""

    def __init__(self, source: bytes | BinaryIO, *, message_type: str, limits: WireLimits, validates: bool = True) -> None:
        namespace = namespace_of(message_type)
        self._names = {f"{{{namespace}}}{part}": part for part in Part if part is not Part.BUSINESS_HEADER}
        self._document_tag = f"{{{namespace}}}{Part.DOCUMENT}"
        self._body_tag = f"{{{namespace}}}{_BODY}"
        tags = (*BUSINESS_HEADER_TAGS, *self._names, f"{{*}}{Part.DOCUMENT}")
        self._events = EventReader(source, limits=limits, events=("end",), tags=tags)
        self._schema = compiled(message_type) if validates else None
        self._document: etree._Element | None = None
        self._body: etree._Element | None = None
        self._seen: set[tuple[int, str]] = set()
        self._begun: set[Part] = set()
        self._stray: Finding | None = None
        self._payment_index = 0
        self._transaction_index = 0
        self.schema_findings: list[Finding] = []

    def __iter__(self) -> Iterator[ReadPart]:
        try:
            for elements in self._events:
                for kind, run in self._runs(elements):
                    first = self._transaction_index
                    is_valid = self._are_valid(run, kind)
                    yield ReadPart(kind, run, is_valid, self._payment_index, first)
                    self._move_on(run, kind)
                    if len(self.schema_findings) >= REPORTED_AT_MOST:
                        return
        except PartTooLarge:
            if self._stray is None:
                raise
            self.schema_findings.append(self._stray)

    def _runs(self, elements: Iterable[etree._Element]) -> Iterator[tuple[Part, list[etree._Element]]]:
        transfers: list[etree._Element] = []
        for element in elements:
            if element.tag not in self._names and local_name(element) == Part.DOCUMENT:
                self._look_at_foreign_document(element)
                continue
            kind = self._names.get(element.tag, Part.BUSINESS_HEADER)
            if not self._stands_in_its_place(element, kind):
                continue
            self._look_for_stray(element, kind, len(transfers))
            if self._stray is None:
                self._events.count_part()
            if kind is Part.TRANSFER:
                transfers.append(element)
                continue
            if transfers:
                yield Part.TRANSFER, transfers
                transfers = []
            yield kind, [element]
        if transfers:
            yield Part.TRANSFER, transfers

    def _stands_in_its_place(self, element: etree._Element, kind: Part) -> bool:
        """False for look-alikes: supplementary data may hold anything, another whole message too."""
        parent = element.getparent()
        if kind is Part.TRANSFER:
            return parent is not None and self._body is not None and parent.getparent() is self._body
        match kind:
            case Part.PAYMENT:
                return self._body is not None and parent is self._body
            case Part.GROUP_HEADER:
                if self._body is None and parent is not None and parent.tag == self._body_tag:
                    document = parent.getparent()
                    if document is not None and self._is_outermost(document):
                        self._body, self._document = parent, document
                return self._body is not None and parent is self._body
            case Part.DOCUMENT:
                if self._document is None and self._is_outermost(element):
                    self._document = element
                elif element is not self._document and self._is_outermost(element):
                    self._note_second_message(element)
                return element is self._document
            case Part.BUSINESS_HEADER:
                return next(element.iterancestors(self._document_tag), None) is None

    def _look_for_stray(self, element: etree._Element, kind: Part, earlier: int) -> None:
        """A transfer or payment that does not follow one like it, unless it is the first; another header."""
        if kind in self._begun and self._stray is None:
            before = element.getprevious() if kind in (Part.TRANSFER, Part.PAYMENT) else None
            if before is None or before.tag != element.tag:
                self._stray = Finding(
                    tier=Tier.SCHEMA,
                    code="FF01",
                    level=Level.GROUP,
                    path=path_of(kind, self._payment_index, self._transaction_index + earlier),
                    line=line_of(element),
                    text=f"Element '{kind}': it stands apart from the one before it. The rest of the file was not read.",
                )
        self._begun.add(kind)
        if kind is Part.PAYMENT:
            self._begun.discard(Part.TRANSFER)

    def _look_at_foreign_document(self, element: etree._Element) -> None:
        """A message of another type or version beside ours; inside ours it is supplementary data."""
        if next(element.iterancestors(self._document_tag), None) is None:
            self._note_second_message(element)

    def _is_outermost(self, document: etree._Element) -> bool:
        return document.tag == self._document_tag and next(document.iterancestors(self._document_tag), None) is None

    def _are_valid(self, run: Iterable[etree._Element], kind: Part) -> bool:
        """Counts transfers while it goes, for the paths of what is found."""
        are_valid = True
        for element in run:
            if self._schema is not None and kind is not Part.BUSINESS_HEADER and not self._schema.validate(element):
                self._note_errors(kind, element, self._schema.error_log)
                are_valid = False
            if kind is Part.TRANSFER:
                self._transaction_index += 1
        return are_valid

    def _move_on(self, run: list[etree._Element], kind: Part) -> None:
        """Drop all but the last of equal neighbours. The last one stays: the parser may still be writing behind it."""
        if kind is Part.PAYMENT:
            self._payment_index += 1
            self._transaction_index = 0
        elif kind is not Part.TRANSFER:
            return
        parent, before = run[0].getparent(), run[0].getprevious()
        neighbours = [before, *run] if before is not None and before.tag == run[0].tag else run
        for element, following in pairwise(neighbours):
            if parent is not None and element.getnext() is following:
                parent.remove(element)

    def _note_errors(self, kind: Part, element: etree._Element, errors: etree._ErrorLog) -> None:
        """Once: what a transfer said is found again in its payment, and what that said in the document."""
        for error in cast("Iterable[etree._LogEntry]", errors):  # noqa: SLF001  # the stubs forgot __iter__
            key = (error.line, error.message)
            if (kind is not Part.TRANSFER and key in self._seen) or len(self.schema_findings) >= REPORTED_AT_MOST:
                continue
            self._seen.add(key)
            self.schema_findings.append(
                Finding(
                    tier=Tier.SCHEMA,
                    code="FF01",
                    level=Level.GROUP,
                    path=self._path(kind, element, error.path),
                    line=error.line,
                    text=shorten(_NAMESPACE_IN_TEXT.sub("", error.message), _TEXT_LENGTH, placeholder=" …"),
                    payment_index=self._payment_index if kind in (Part.TRANSFER, Part.PAYMENT) else None,
                    transaction_index=self._transaction_index if kind is Part.TRANSFER else None,
                )
            )

    def _note_second_message(self, element: etree._Element) -> None:
        self.schema_findings.append(
            Finding(
                tier=Tier.SCHEMA,
                code="FF01",
                level=Level.GROUP,
                path="/Document[2]",
                line=line_of(element),
                text="An envelope holds one message; this one holds another Document.",
            )
        )

    def _path(self, kind: Part, element: etree._Element, libxml_path: str | None) -> str:
        steps = [self._step(found) for found in descend(element, libxml_path)]
        return "/".join((path_of(kind, self._payment_index, self._transaction_index), *steps))

    def _step(self, element: etree._Element) -> str:
        """Earlier payments and transfers are gone from the tree, so the last one is numbered by what was counted."""
        is_last = next(element.itersiblings(element.tag), None) is None
        if local_name(element) == Part.TRANSFER and is_last:
            return f"{Part.TRANSFER}[{max(self._transaction_index, 1)}]"
        if local_name(element) == Part.PAYMENT and is_last:
            return f"{Part.PAYMENT}[{max(self._payment_index, 1)}]"
        return step_of(element)


def path_of(kind: Part, payment_index: int = 0, transaction_index: int = 0) -> str:
    """Where a part stands; indexes count from 0, paths from 1."""
    root = "/Document"
    match kind:
        case Part.BUSINESS_HEADER:
            return "/AppHdr"
        case Part.DOCUMENT:
            return root
        case Part.GROUP_HEADER:
            return f"{root}/{_BODY}/GrpHdr"
        case Part.PAYMENT:
            return f"{root}/{_BODY}/PmtInf[{payment_index + 1}]"
        case Part.TRANSFER:
            return f"{root}/{_BODY}/PmtInf[{payment_index + 1}]/CdtTrfTxInf[{transaction_index + 1}]"
