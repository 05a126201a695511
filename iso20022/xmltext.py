"""Text of messages we write: escaped, cut to the length an element allows, times as ISO 20022 wants them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

_SPECIAL: Final = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENTS: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escaped(text: str) -> str:
    """Safe inside an element. Characters XML can't carry become "?"."""
    return _SPECIAL.sub(_replacement, text) if _SPECIAL.search(text) else text


def element(name: str, text: str | None) -> str:
    """`<name>text</name>`, or nothing at all for None and the empty text, which no ISO 20022 element may hold."""
    return f"<{name}>{escaped(text)}</{name}>" if text else ""


def segments(text: str, length: int, *, at_most: int = 10) -> Iterator[str]:
    """The text in pieces of at most `length` characters, broken between words where it can be."""
    for _ in range(at_most):
        text = text.strip()
        if not text:
            return
        end = length if len(text) <= length else text.rfind(" ", length // 2, length + 1)
        end = end if end > 0 else length
        yield text[:end].rstrip()
        text = text[end:]


def date_time(moment: datetime) -> str:
    """`2026-11-24T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _replacement(match: re.Match[str]) -> str:
    return _REPLACEMENTS.get(match[0], "?")
