"""PostgreSQL array literals for set-based writes: text made here once, several times cheaper than adapting lists."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from payment_engine.errors import Malformed
from payment_engine.ids import new_id


def array_of(values: Iterable[int | date | str | None]) -> str:
    """`{…}` of values whose text needs no quoting: numbers, dates, codes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def array_of_ids(values: Iterable[UUID | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.hex for value in values]) + "}"


def array_of_new_ids(count: int) -> str:
    """`{…}` of ids for rows nobody has named yet: a new UUIDv7 and its successors (RFC 9562, section 6.2, method 2)."""
    first = new_id().int
    return "{" + ",".join([f"{first + step:032x}" for step in range(count)]) + "}"


def array_of_texts(values: Sequence[str | None]) -> str:
    """`{…}` of any text, quoted. Raises Malformed for text with U+0000, which PostgreSQL can't store."""
    if values and (missing := values.count(None)):
        return _with_nulls(values, all_null=missing == len(values))
    joined = "\0".join(values)  # type: ignore[arg-type]  # no None among them
    if joined.count("\0") != max(len(values) - 1, 0):
        raise Malformed("text must not contain the character U+0000")
    return '{"' + _escaped(joined).replace("\0", '","') + '"}' if values else "{}"


def array_of_bytes(values: Iterable[bytes]) -> str:
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def _with_nulls(values: Sequence[str | None], *, all_null: bool) -> str:
    if all_null:
        return "{" + ",".join(["NULL"] * len(values)) + "}"
    return "{" + ",".join(["NULL" if value is None else f'"{_escaped(value)}"' for value in values]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
