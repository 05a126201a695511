"""PostgreSQL array literals for set-based writes: text made here once, several times cheaper than adapting lists."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID


def array_of(values: Iterable[int | date | str | None]) -> str:
    """`{…}` of values whose text needs no quoting: numbers, dates, codes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def array_of_ids(values: Iterable[UUID | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.hex for value in values]) + "}"


def array_of_texts(values: Iterable[str | None]) -> str:
    """`{…}` of any text, quoted."""
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def array_of_bytes(values: Iterable[bytes]) -> str:
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
