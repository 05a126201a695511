"""What a door replied: kept with an idempotency key and given again, byte by byte."""

from msgspec import Struct


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP status and a JSON body."""

    status: int
    body: str
