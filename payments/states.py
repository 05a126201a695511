"""The life of a payment, and what ISO 20022 calls each state."""

from typing import Final

from django.db import models


class PaymentStatus(models.TextChoices):
    """RECEIVED → VALIDATED → [PENDING_APPROVAL] → [SCHEDULED] → [RESERVED] → SUBMITTED → COMPLETED, and the ways out."""

    RECEIVED = "RECEIVED", "Received"
    VALIDATED = "VALIDATED", "Validated"
    PENDING_APPROVAL = "PENDING_APPROVAL", "Waiting for approval"
    SCHEDULED = "SCHEDULED", "Scheduled"
    RESERVED = "RESERVED", "Reserved"
    SUBMITTED = "SUBMITTED", "Submitted"
    COMPLETED = "COMPLETED", "Completed"
    REJECTED = "REJECTED", "Rejected"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"
    RETURNED = "RETURNED", "Returned"
    REVERSED = "REVERSED", "Reversed"


_S = PaymentStatus
NEXT: Final[dict[PaymentStatus, frozenset[PaymentStatus]]] = {
    _S.RECEIVED: frozenset({_S.VALIDATED, _S.REJECTED, _S.COMPLETED}),
    _S.VALIDATED: frozenset({_S.PENDING_APPROVAL, _S.SCHEDULED, _S.RESERVED, _S.SUBMITTED, _S.COMPLETED, _S.REJECTED, _S.CANCELLED}),
    _S.PENDING_APPROVAL: frozenset({_S.SCHEDULED, _S.RESERVED, _S.SUBMITTED, _S.COMPLETED, _S.REJECTED, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.RESERVED, _S.SUBMITTED, _S.COMPLETED, _S.REJECTED, _S.CANCELLED}),
    _S.RESERVED: frozenset({_S.SUBMITTED, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
    _S.SUBMITTED: frozenset({_S.COMPLETED, _S.FAILED}),
    _S.COMPLETED: frozenset({_S.RETURNED, _S.REVERSED}),
    _S.REJECTED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.RETURNED: frozenset(),
    _S.REVERSED: frozenset(),
}
"""Which state may follow which. A trigger on the table holds the same list."""

WAITING: Final = frozenset({_S.PENDING_APPROVAL, _S.SCHEDULED, _S.RESERVED, _S.SUBMITTED})
"""States of a payment that was taken and is not final: somebody has to act, a person, a worker or a rail."""

ISO_STATUS: Final[dict[PaymentStatus, str]] = {
    _S.RECEIVED: "RCVD",
    _S.VALIDATED: "ACTC",
    _S.PENDING_APPROVAL: "PATC",
    _S.SCHEDULED: "PDNG",
    _S.RESERVED: "ACFC",
    _S.SUBMITTED: "ACSP",
    _S.COMPLETED: "ACSC",
    _S.REJECTED: "RJCT",
    _S.FAILED: "RJCT",
    _S.CANCELLED: "CANC",
    _S.RETURNED: "ACSC",
    _S.REVERSED: "ACSC",
}
"""External Payment Transaction Status 1 code of each state."""
