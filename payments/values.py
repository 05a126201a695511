"""What crosses the border of the posting core: payments asked for, and what became of them.

Structs rather than dataclasses: a file brings thousands of them, and a frozen dataclass of 25 fields takes ten times as long to make.
Nothing they hold leads back to them, so the garbage collector need not know them (`gc=False`).
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field

from accounts.ledger.locks import AccountReference
from events.answers import Answer
from payment_engine.errors import EngineError
from payment_engine.ids import new_id
from payments.states import PaymentStatus


class PaymentRecord(Struct, frozen=True, kw_only=True, gc=False):
    """A payment as stored, with the debtor's balances right after it when this process has just booked it.

    `rail` is set while and after it waits, `creditor_iban` when the creditor is at another bank.
    """

    id: UUID
    payment_type: str
    payment_type_version: int
    config_version: int
    status: PaymentStatus
    debtor_account_id: UUID
    creditor_account_id: UUID | None
    amount_minor: int
    currency: str
    fee_minor: int
    uetr: UUID
    value_date: date
    created_at: datetime
    completed_at: datetime | None
    journal_id: UUID | None
    reversed_minor: int = 0
    reason_code: str | None = None
    reason: str | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    remittance_information: str | None = None
    requested_execution_date: date | None = None
    metadata: dict[str, str] = {}
    message_id: UUID | None = None
    rail: str | None = None
    creditor_iban: str | None = None
    debtor_booked_minor: int | None = None
    debtor_available_minor: int | None = None


class Party(Struct, frozen=True, kw_only=True, gc=False):
    name: str


class Parties(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """As the debtor's message names them. Of an account kept here the holder's registered name counts instead.

    The ultimate ones are those on whose behalf the debtor pays and the creditor is paid.
    """

    debtor: Party | None = None
    ultimate_debtor: Party | None = None
    creditor: Party | None = None
    ultimate_creditor: Party | None = None


class Idempotency(Struct, frozen=True, kw_only=True, gc=False):
    """A client's key. `fingerprint` is equal for bodies of equal meaning; `answer` is how the door would reply."""

    key: str
    fingerprint: bytes
    answer: Callable[[PaymentRecord | EngineError], Answer]


class SubmitPayment(Struct, frozen=True, kw_only=True, gc=False):
    """One payment asked for, by whatever door."""

    payment_type: str
    debtor_account: AccountReference
    creditor_account: AccountReference
    amount_minor: int
    currency: str
    id: UUID = field(default_factory=new_id)
    uetr: UUID | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    remittance_information: str | None = None
    requested_execution_date: date | None = None
    metadata: dict[str, str] = {}
    parties: Parties | None = None
    message_id: UUID | None = None
    created_by: str = ""
    correlation_id: str = ""
    idempotency: Idempotency | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one item: a payment, or the refusal; `answer` when it came with an idempotency key."""

    payment: PaymentRecord | None = None
    refusal: EngineError | None = None
    answer: Answer | None = None
    replayed: bool = False


class Mode(StrEnum):
    BEST_EFFORT = "BEST_EFFORT"
    ATOMIC = "ATOMIC"
