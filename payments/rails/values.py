"""What crosses the border to a rail."""

from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class RailOrder(Struct, frozen=True, kw_only=True):
    """A payment as a rail sees it. The UETR is its name there for ever: told twice, it is paid once.

    `attempt` counts how often it was handed to any rail: another attempt is another try at the same payment.
    """

    uetr: UUID
    attempt: int
    amount_minor: int
    currency: str
    debtor_iban: str | None
    creditor_iban: str
    end_to_end_id: str | None
    remittance_information: str | None
    metadata: dict[str, str]


class Verdict(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    NEVER_ARRIVED = "NEVER_ARRIVED"


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an order. `detail` of a REJECTED one begins with its ISO 20022 reason code."""

    verdict: Verdict
    detail: str = ""


class Unavailable(Exception):
    """The rail surely took nothing: it may be tried again, or another one."""


class NotAnswered(Exception):
    """The rail may have taken the order: only it can tell, so it is asked."""


class Rail(Protocol):
    """Called outside any transaction, with the tenant in context. Bounded in time; raises Unavailable or NotAnswered, else answers."""

    def send(self, order: RailOrder) -> Answer:
        """Hand it over. An order the rail knows already is answered as before; raises Unavailable for an attempt of which it
        said that it never arrived."""
        ...

    def inquire(self, order: RailOrder) -> Answer:
        """What became of it; NEVER_ARRIVED if the rail does not know it, and from then on refuses this attempt and those before."""
        ...
