"""What a door replied: kept with an idempotency key and given again, byte by byte."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: str
