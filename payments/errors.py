"""What a caller can be told about payments."""

from payment_engine.errors import Conflict, NotFound, ValidationFailed


class PaymentUnknown(NotFound):
    title = "Payment unknown"


class PaymentTypeUnknown(ValidationFailed):
    """The tenant has no payment type of this code; `GET /config/tenants/{id}/payment-types` lists those it has."""

    code, title = "payment_type_unknown", "Payment type unknown"


class NoSuchPaymentType(NotFound):
    title = "Payment type unknown"


class PaymentTypeVersionUnknown(NotFound):
    title = "Version unknown"


class PaymentTypeInactive(ValidationFailed):
    """The payment type takes no payments at present; what was made with it before goes on."""

    code, title = "payment_type_inactive", "Payment type inactive"


class LimitExceeded(ValidationFailed):
    """Amount or count is beyond a limit of the payment type; the detail says which, and what is left of it."""

    code, title = "limit_exceeded", "Limit exceeded"


class UetrUsed(ValidationFailed):
    """Another payment, not rejected, has this UETR: the one name a payment has at every bank it passes."""

    code, title = "uetr_used", "UETR used"


class NoRoute(ValidationFailed):
    """The payment type's rails don't lead to this creditor: an account kept here is not paid over a rail that leads out."""

    code, title = "no_route", "No route"


class ApprovalDecided(Conflict):
    """The payment does not wait for an approval: it never did, or somebody has decided."""

    code, title = "approval_decided", "Not waiting for approval"


class NotCancellable(Conflict):
    """Only a payment that waits can be cancelled: for an approval, or to be carried out. Later it can be reversed."""

    code, title = "not_cancellable", "Not cancellable"


class PaymentTypeExists(Conflict):
    """There is a payment type with this code and other terms; PUT makes its next version."""

    code, title = "payment_type_exists", "Payment type exists"


class TermsInvalid(ValidationFailed):
    """Terms of a payment type that contradict one another or exceed what is allowed; `errors` names each member and what is."""

    code, title = "terms_invalid", "Terms invalid"


class NotActivatable(Conflict):
    """This version can't be put in force: it is retired, or its terms need what is not there (yet)."""

    code, title = "not_activatable", "Version can't be activated"


class NotADraft(Conflict):
    """Only a draft can be discarded: a version that is or was in force decided payments, and stays."""

    code, title = "not_a_draft", "Not a draft"


class BatchRefused(ValidationFailed):
    """An item of an ATOMIC batch that would have been booked, had all the others been."""

    code, title = "batch_refused", "Batch refused"


class AlreadyReversed(Conflict):
    """All of the payment was given back already."""

    code, title = "already_reversed", "Already reversed"


class NotReversible(Conflict):
    """Only a completed payment between accounts here, both still open, can be given back."""

    code, title = "not_reversible", "Not reversible"


class CalendarUnknown(ValidationFailed):
    """No calendar has this code; the detail names those that look like it. `GET /config/tenants/{id}/calendars` lists all."""

    code, title = "calendar_unknown", "Calendar unknown"


class CalendarDayUnknown(NotFound):
    """The tenant has no word of its own about this day; what the calendar itself says stands."""

    title = "Calendar day unknown"


class CalendarDayExists(Conflict):
    """The tenant has its own word about this day already: change it with PUT."""

    code, title = "calendar_day_exists", "Calendar day exists"


class CalendarKept(Conflict):
    """A calendar that is kept for all tenants is not changed; single days of it are."""

    code, title = "calendar_kept", "Calendar kept for all"


class TimeZoneUnknown(ValidationFailed):
    """The IANA time zone database has no such name; Europe/Berlin is one."""

    code, title = "time_zone_unknown", "Time zone unknown"


class RuleUnclear(ValidationFailed):
    """A value date is asked for either of a payment type, or of a calendar with, if any, a cut-off and the time zone of its clock."""

    code, title = "rule_unclear", "Rule unclear"
