"""Keyset pages: a cursor is the position of the last row seen, so pages stay stable under inserts and nothing is counted.

A cursor is base64url(JSON of the key values ‖ 12 bytes of HMAC-SHA256 over it and the list's name): opaque, url-safe,
of no use on another list (of another account or tenant, or with other filters), and never trusted unsigned.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import models
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.http import HttpRequest

from payment_engine.api.errors import CursorInvalid, CursorUnknown, ParameterInvalid
from payment_engine.errors import EngineError, FieldError

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
PAGE_PARAMETERS: Final = ("limit", "cursor")
_LIMIT_DIGITS: Final = 3
_MAC_BYTES: Final = 12
CURSOR_PATTERN: Final = "^[A-Za-z0-9_-]{24,512}$"
_CURSOR: Final = re.compile(CURSOR_PATTERN[1:-1], re.ASCII)
K = TypeVar("K", bound=tuple[Any, ...])
M = TypeVar("M", bound=models.Model)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyset(Generic[K]):
    """The order of one list. `columns` must be unique together and indexed; `key_type` is the tuple type of their values."""

    name: str
    columns: tuple[str, ...]
    key_type: type[K]
    descending: bool = True

    def cursor_of(self, key: K) -> str:
        payload = msgspec.json.encode(key)
        return urlsafe_b64encode(_mac(self.name, payload) + payload).decode().rstrip("=")

    def position_of(self, cursor: str) -> K:
        """The key values in a cursor of this list; CursorInvalid for a text that is no cursor, CursorUnknown for one we never gave."""
        if _CURSOR.fullmatch(cursor) is None:
            raise _at_cursor(CursorInvalid, "this is not a cursor")
        raw = urlsafe_b64decode(cursor[: len(cursor) // 4 * 4 if len(cursor) % 4 == 1 else None] + "=" * (-len(cursor) % 4))
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(self.name, payload)):
            raise _at_cursor(CursorUnknown, "this list gave out no such cursor")
        key: K = msgspec.json.decode(payload, type=self.key_type)
        return key


def newest_first(name: str) -> Keyset[tuple[datetime, UUID]]:
    """The usual order: by (created_at, id), newest first."""
    return Keyset(name=name, columns=("created_at", "id"), key_type=tuple[datetime, UUID])


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest(Generic[K]):
    """What part of a list was asked for. Fetch `limit + 1` rows beyond `after`: the extra one tells whether there are more."""

    keyset: Keyset[K]
    limit: int
    after: K | None

    def slice(self, rows: "models.QuerySet[M]") -> "models.QuerySet[M]":
        """The page of a queryset: rows beyond the cursor in the list's order, `limit + 1` of them."""
        columns, descending = self.keyset.columns, self.keyset.descending
        if self.after is not None:
            beyond = TupleLessThan if descending else TupleGreaterThan
            rows = rows.filter(beyond(tuple(models.F(column) for column in columns), self.after))
        return rows.order_by(*(f"-{column}" if descending else column for column in columns))[: self.limit + 1]


def page_parameters(request: HttpRequest, keyset: Keyset[K]) -> PageRequest[K]:
    """`limit` and `cursor` of the query; raises ParameterInvalid, CursorInvalid or CursorUnknown.

    Unknown parameters are `read_query`'s business.
    """
    cursor = request.GET.get("cursor")
    keyset = _of_this_list(request, keyset)
    return PageRequest(keyset=keyset, limit=_limit(request.GET.get("limit")), after=None if cursor is None else keyset.position_of(cursor))


def _of_this_list(request: HttpRequest, keyset: Keyset[K]) -> Keyset[K]:
    """Its cursors are good for one resource, one tenant and the same filters."""
    filters = sorted((name, values) for name, values in request.GET.lists() if name not in PAGE_PARAMETERS)
    tenant = getattr(request, "tenant", None)  # set by the middleware of a floor above
    name = msgspec.json.encode((keyset.name, request.path, tenant and tenant.slug, filters)).decode()
    return replace(keyset, name=name)


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) <= _LIMIT_DIGITS else 0
    if not 1 <= limit <= LIMIT_MAX:
        detail = f"limit is a number from 1 to {LIMIT_MAX}"
        raise ParameterInvalid(detail, errors=(FieldError(pointer="?limit", code="parameter_invalid", detail=detail),))
    return limit


def page_body(page: PageRequest[K], rows: Iterable[Row], *, key: Callable[[Row], K], render: Callable[[Row], object]) -> dict[str, object]:
    """The body of a list answer from up to `limit + 1` rows."""
    fetched: Sequence[Row] = list(rows)
    shown = fetched[: page.limit]
    more = len(fetched) > page.limit
    return {
        "data": [render(row) for row in shown],
        "hasMore": more,
        "nextCursor": page.keyset.cursor_of(key(shown[-1])) if more else None,
    }


@cache
def _signing_key(secret: str) -> bytes:
    return sha256(b"payment_engine.api.pagination:" + secret.encode()).digest()


def _mac(name: str, payload: bytes) -> bytes:
    return hmac.digest(_signing_key(settings.SECRET_KEY), name.encode() + b"\0" + payload, "sha256")[:_MAC_BYTES]


def _at_cursor(kind: type[CursorInvalid | CursorUnknown], detail: str) -> EngineError:
    return kind(detail, errors=(FieldError(pointer="?cursor", code=kind.code, detail=detail),))
