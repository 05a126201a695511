"""Readable XPaths for people: `/Document/CstmrCdtTrfInitn/PmtInf[2]/CdtTrfTxInf[15]/Amt/InstdAmt`."""

import re
from typing import Final

from lxml import etree

_STEP: Final = re.compile(r"(\*|[^\[\]/]+)(?:\[(\d+)\])?")


def local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def line_of(element: etree._Element) -> int:
    """The element's line in the file, 0 where the parser has none."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def step_of(element: etree._Element) -> str:
    """The element's name, with its number among siblings of that name where there are several."""
    earlier = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    if earlier == 0 and next(element.itersiblings(element.tag), None) is None:
        return local_name(element)
    return f"{local_name(element)}[{earlier + 1}]"


def descend(element: etree._Element, libxml_path: str | None) -> list[etree._Element]:
    """The elements on a path as libxml2 reports it (`/*/*[3]/p:Name[2]`, the first step being `element`), as far as it leads."""
    found: list[etree._Element] = []
    for step, number in _STEP.findall(libxml_path or "")[1:]:
        children = [child for child in element if isinstance(child.tag, str) and step in ("*", _prefixed_name(child))]
        index = int(number or 1) - 1
        if index >= len(children):
            break
        element = children[index]
        found.append(element)
    return found


def _prefixed_name(element: etree._Element) -> str:
    return f"{element.prefix}:{local_name(element)}" if element.prefix else local_name(element)
