"""Identifiers: UUIDv7 (RFC 9562) inside, `pay_` + 32 hexadecimal digits outside."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from payment_engine.errors import NotFound

_HEX: Final = re.compile(r"[0-9a-f]{32}")


def new_id() -> UUID:
    """A new time-ordered id."""
    return uuid7()


def first_id_at(instant: datetime) -> UUID:
    """The lowest id that could have been made at this instant: every older row has a lower one."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def public_id(prefix: str, value: UUID) -> str:
    return f"{prefix}_{value.hex}"


def parse_id(prefix: str, text: str) -> UUID:
    """The UUID of a public id. A text that can't be one names nothing, so it is NotFound, not a validation error."""
    head, _, digits = text.partition("_")
    if head != prefix or _HEX.fullmatch(digits) is None:
        raise NotFound(f"there is no {prefix}_… with this id")
    return UUID(hex=digits)
