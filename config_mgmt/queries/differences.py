"""Where two JSON values differ. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from payment_engine.api.json import Json
from payment_engine.api.rest_errors import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`path` is a JSON pointer (RFC 6901); what was not there is None."""

    op: Literal["add", "remove", "replace"]
    path: str
    before: Json = None
    after: Json = None


def differences(before: Json, after: Json, path: str = "") -> Iterator[Difference]:
    """Members of objects one by one; anything else as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if msgspec.json.encode(before, order="sorted") != msgspec.json.encode(after, order="sorted"):
            yield Difference(op="replace", path=path, before=before, after=after)
        return
    for name in sorted(before.keys() | after.keys()):
        here = f"{path}/{escape(name)}"
        if name not in after:
            yield Difference(op="remove", path=here, before=before[name])
        elif name not in before:
            yield Difference(op="add", path=here, after=after[name])
        else:
            yield from differences(before[name], after[name], here)
