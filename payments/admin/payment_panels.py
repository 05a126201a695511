"""The tables on the page of a payment: who let it go on, what is set aside for it, which rails were told, what was given back."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.safestring import SafeString

from accounts.models import Hold
from accounts.panels import account_link, accounts_by_id
from config_mgmt.admin.cells import who
from payment_engine.ids import public_id
from payments.admin.payment_type_words import rail_name
from payments.models import Payment, PaymentApproval, RailAttempt, Reversal
from payments.states import PaymentStatus
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, moment, record_link

SHOWN: Final = 100
_APPROVALS: Final = {  # the colours of tenants.portal.cells.badge, by the status that has them
    PaymentApproval.Status.PENDING: "PENDING_APPROVAL",
    PaymentApproval.Status.APPROVED: "ACTIVE",
    PaymentApproval.Status.REFUSED: "REJECTED",
    PaymentApproval.Status.WITHDRAWN: "CANCELLED",
}
_HOLDS: Final = {Hold.Status.ACTIVE: "RESERVED", Hold.Status.CAPTURED: "COMPLETED", Hold.Status.RELEASED: "CANCELLED"}
_ATTEMPTS: Final = {
    RailAttempt.Status.SENT: "SUBMITTED",
    RailAttempt.Status.ACCEPTED: "COMPLETED",
    RailAttempt.Status.REJECTED: "REJECTED",
    RailAttempt.Status.UNAVAILABLE: "timeout",
    RailAttempt.Status.UNKNOWN: "timeout",
}
_ROLES: Final = {
    "debtor": "Debtor",
    "ultimateDebtor": "Ultimate debtor",
    "creditor": "Creditor",
    "ultimateCreditor": "Ultimate creditor",
}
_WORDS: Final = {RailAttempt.Status.SENT: "On its way", RailAttempt.Status.UNKNOWN: "No answer"}


def approval_panel(approval: PaymentApproval) -> Panel:
    headings = ("Status", "Asked by", "Asked", "Decided by", "Decided", "Why")
    status = PaymentApproval.Status(approval.status)
    decided = who(approval.decided_by, approval.decided_by_person or approval.decided_by) if approval.decided_by else NOTHING
    return Panel(
        title="Approval",
        columns=tuple(Column(heading=heading) for heading in headings),
        rows=[
            (
                badge(_APPROVALS[status], status.label),
                who(approval.requested_by, approval.requested_by_person),
                moment(approval.requested_at),
                decided,
                moment(approval.decided_at),
                approval.reason or NOTHING,
            )
        ],
        empty="",
    )


def hold_panel(hold: Hold) -> Panel:
    status = Hold.Status(hold.status)
    accounts = accounts_by_id(hold.tenant_id, [hold.account_id])
    return Panel(
        title="Hold",
        columns=(
            Column(heading="Status"),
            Column(heading="Account"),
            Column(heading="Set aside"),
            Column(heading="Resolved"),
            Column(heading="Amount", numeric=True),
        ),
        rows=[
            (
                badge(_HOLDS[status], status.label),
                account_link(accounts.get(hold.account_id)),
                moment(hold.created_at),
                moment(hold.resolved_at),
                amount(hold.amount_minor, hold.currency),
            )
        ],
        empty="",
    )


def attempts_panel(attempts: Sequence[RailAttempt]) -> Panel:
    return Panel(
        title="Attempts",
        columns=(
            Column(heading="No.", numeric=True),
            Column(heading="Rail"),
            Column(heading="Status"),
            Column(heading="What it said"),
            Column(heading="Inquiries", numeric=True),
            Column(heading="Sent"),
            Column(heading="Answered"),
        ),
        rows=[
            (
                str(attempt.number),
                rail_name(attempt.rail),
                attempt_badge(attempt),
                attempt.detail or NOTHING,
                str(attempt.inquiries),
                moment(attempt.sent_at),
                moment(attempt.answered_at),
            )
            for attempt in attempts
        ],
        empty="No rail was told of this payment yet.",
    )


def attempt_badge(attempt: RailAttempt) -> SafeString:
    status = RailAttempt.Status(attempt.status)
    return badge(_ATTEMPTS[status], _WORDS.get(status, str(status.label)))


def reversals_panel(reversals: Sequence[Reversal]) -> Panel:
    return Panel(
        title="Reversals",
        columns=(
            Column(heading="Reversed"),
            Column(heading="Reason"),
            Column(heading="By"),
            Column(heading="Journal"),
            Column(heading="Amount", numeric=True),
        ),
        rows=[
            (
                moment(reversal.created_at),
                reversal.reason,
                reversal.created_by or NOTHING,
                record_link("accounts_journal_change", reversal.journal_id, public_id("jrn", reversal.journal_id)),
                amount(reversal.amount_minor, reversal.currency),
            )
            for reversal in reversals
        ],
        empty="Nothing of this payment has been reversed.",
    )


def parties_panel(parties: Mapping[str, Mapping[str, str]]) -> Panel:
    """By the message's word alone: of accounts kept here the holder is known better."""
    return Panel(
        title="Parties as the message names them",
        columns=(Column(heading="Role"), Column(heading="Name")),
        rows=[(words, parties[role]["name"]) for role, words in _ROLES.items() if role in parties],
        empty="",
    )


def waiting_panels(payment: Payment) -> list[Panel]:
    """Of a payment that waited or waits: only the tables it has something in."""
    own = {"tenant_id": payment.tenant_id, "payment_id": payment.pk}
    panels = [approval_panel(approval) for approval in PaymentApproval.objects.filter(**own)]
    panels += [hold_panel(hold) for hold in Hold.objects.filter(**own)]
    attempts = list(RailAttempt.objects.filter(**own).order_by("number")[:SHOWN])
    if attempts or (payment.creditor_iban and payment.status == PaymentStatus.RESERVED):
        panels.append(attempts_panel(attempts))
    return panels


def unanswered_note(payment: Payment) -> str:
    """What happens to a payment whose rail left no answer, for who would rather send it again."""
    attempts = RailAttempt.objects.filter(tenant_id=payment.tenant_id, payment_id=payment.pk, status=RailAttempt.Status.UNKNOWN)
    attempt = attempts.first() if payment.status == PaymentStatus.SUBMITTED else None
    if attempt is None:
        return ""
    again = f"{payment.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"{rail_name(attempt.rail)} may have taken this payment and left no answer. It is asked again at {again}; "
        "the payment is not sent anew before it has said that it took nothing, so it is paid once."
    )
