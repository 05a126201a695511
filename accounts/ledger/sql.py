"""PostgreSQL array literals for set-based writes: text made here once, several times cheaper than adapting lists."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any, Final
from uuid import UUID

from payment_engine.errors import Malformed
from payment_engine.ids import new_id

_UUID_OID: Final = 2950
_TEXT_OID: Final = 25
_BYTEA_OID: Final = 17
_NUMBERS: Final = {"int2": ("h", 2, 21), "int4": ("i", 4, 23), "int8": ("q", 8, 20)}
"""Of each type: its letter in `struct`, its length, its OID."""
_ID_LENGTH: Final = pack("!i", 16)
_NULL: Final = pack("!i", -1)
_length: Final = Struct("!i").pack
NONE: Final = "{}"
"""A column that is null in every row: beside columns that are longer, `unnest` gives nulls."""
Array = str | bytes
Alike = tuple[Array, object]
"""A column that often has one value in all rows: an array, and the value that stands where the array has none."""


def insert_rows(
    table: str, each: Mapping[str, str], alike: Mapping[str, str] | None = None, expressions: Mapping[str, str] | None = None
) -> str:
    """INSERT for one tenant, with a row for each position of the arrays of the columns `each` (name → type).

    The columns `alike` take an array and a value each. `expressions` fill further columns; in them, and in a clause written
    after it, `given` is the row given. `rows_of` puts the parameters in order.
    """
    same, more = alike or {}, expressions or {}
    names = [*each, *same, *more]
    values = [
        *(f"given.{column}" for column in each),
        *(f"coalesce(given.{column}, %s::{type_})" for column, type_ in same.items()),
        *more.values(),
    ]
    return f"INSERT INTO {table} (tenant_id, {', '.join(names)}) SELECT %s, {', '.join(values)} FROM {given_rows({**each, **same})}"  # noqa: S608  # constants


def rows_of(tenant_id: str, each: Sequence[Array], alike: Sequence[Alike] = ()) -> list[object]:
    """The parameters of a statement of `insert_rows`, columns in its order."""
    return [tenant_id, *(value for _, value in alike), *each, *(array for array, _ in alike)]


def alike(values: Sequence[Any], array: Callable[[Sequence[Any]], Array]) -> Alike:
    """One value for all rows if it is one, else the array."""
    return one_value(values[0]) if values.count(values[0]) == len(values) else (array(values), None)


def one_value(value: object) -> Alike:
    """One value for all rows."""
    return NONE, value


def given_rows(columns: Mapping[str, str]) -> str:
    """A FROM item named `given`, with a row for each position of the array parameters.

    `unnest` stands in the select list, where PostgreSQL streams it; in FROM each array would be stored aside first.
    """
    return f"(SELECT {', '.join(f'unnest(%s::{type_}[]) AS {column}' for column, type_ in columns.items())}) AS given"


def array_of(values: Iterable[int | date | str | None]) -> str:
    """`{…}` of values whose text needs no quoting: numbers, dates, codes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def array_of_ids(values: Iterable[UUID | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else value.hex for value in values]) + "}"


def packed_ids(values: Sequence[UUID | None]) -> bytes:
    """As `array_of_ids`, in PostgreSQL's binary format (array_recv), for a PipelinedTransaction: a quarter of the work on both sides."""
    try:
        return pack_ids([value.int for value in values])  # type: ignore[union-attr]  # AttributeError if one is None
    except AttributeError:
        items = [_NULL if value is None else _ID_LENGTH + value.bytes for value in values]
        return _packed(_UUID_OID, len(values), b"".join(items), has_null=True)


def packed_new_ids(count: int) -> bytes:
    """Of rows nobody has named yet: a new UUIDv7 and its successors (RFC 9562, section 6.2, method 2), in the binary format."""
    first = new_id().int
    return pack_ids(range(first, first + count))


def pack_ids(numbers: Iterable[int]) -> bytes:
    """The binary format of ids that are numbers already."""
    ids = [number.to_bytes(16, "big") for number in numbers]
    return _packed(_UUID_OID, len(ids), _ID_LENGTH + _ID_LENGTH.join(ids) if ids else b"")


def packed_numbers(type_: str, values: Sequence[int | None]) -> bytes:
    """Numbers (int2, int4 or int8) in the binary format."""
    letter, length, oid = _NUMBERS[type_]
    if None in values:
        one = Struct(f"!i{letter}").pack
        return _packed(oid, len(values), b"".join([_NULL if value is None else one(length, value) for value in values]), has_null=True)
    return _packed(oid, len(values), pack("!" + f"i{letter}" * len(values), *chain.from_iterable(zip(repeat(length), values))))


def packed_texts(values: Sequence[str]) -> bytes:
    """Long texts in the binary format: nobody looks for quotes in them. Raises Malformed as `array_of_texts` does."""
    if any("\0" in value for value in values):
        raise Malformed(_NO_NUL)
    return _packed_bytes(_TEXT_OID, [value.encode() for value in values])


def packed_bytes(values: Sequence[bytes]) -> bytes:
    return _packed_bytes(_BYTEA_OID, values)


def _packed_bytes(oid: int, values: Sequence[bytes]) -> bytes:
    return _packed(oid, len(values), b"".join(chain.from_iterable(zip(map(_length, map(len, values)), values, strict=True))))


def _packed(oid: int, count: int, items: bytes, *, has_null: bool = False) -> bytes:
    """Dimensions, null flag, type of the elements, then the length and the lower bound of the one dimension."""
    return pack("!iiiii", 1, has_null, oid, count, 1) + items if count else pack("!iii", 0, 0, oid)


_NO_NUL: Final = "text must not contain the character U+0000"


def array_of_texts(values: Sequence[str | None]) -> str:
    """`{…}` of any text, quoted. Raises Malformed for text with U+0000, which PostgreSQL can't store."""
    if values and (missing := values.count(None)):
        return _with_nulls(values, all_null=missing == len(values))
    joined = "\0".join(values)  # type: ignore[arg-type]  # no None among them
    if joined.count("\0") != max(len(values) - 1, 0):
        raise Malformed(_NO_NUL)
    return '{"' + _escaped(joined).replace("\0", '","') + '"}' if values else "{}"


def _with_nulls(values: Sequence[str | None], *, all_null: bool) -> str:
    if all_null:
        return NONE
    return "{" + ",".join(["NULL" if value is None else f'"{_escaped(value)}"' for value in values]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
