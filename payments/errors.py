"""What a caller can be told about payments."""

from payment_engine.errors import Conflict, NotFound, ValidationFailed


class PaymentUnknown(NotFound):
    title = "Payment unknown"


class PaymentTypeUnknown(ValidationFailed):
    code, title = "payment_type_unknown", "Payment type unknown"


class PaymentTypeInactive(ValidationFailed):
    code, title = "payment_type_inactive", "Payment type inactive"


class LimitExceeded(ValidationFailed):
    code, title = "limit_exceeded", "Limit exceeded"


class BatchRefused(ValidationFailed):
    """An item of an ATOMIC batch that would have been booked, had all the others been."""

    code, title = "batch_refused", "Batch refused"


class AlreadyReversed(Conflict):
    code, title = "already_reversed", "Already reversed"


class NotReversible(Conflict):
    code, title = "not_reversible", "Not reversible"
