"""The second pair of eyes: what becomes of a payment that waits for an approval, and of one that is called off."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.ledger.holds import HoldDraft, place_holds, release_holds
from accounts.ledger.locks import lock_accounts
from config_mgmt.operations.four_eyes import check_second_person
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.clock import now
from payments.errors import ApprovalDecided, NotCancellable, PaymentUnknown
from payments.models import Payment, PaymentApproval
from payments.operations import waiting, writes
from payments.operations.carry_out import book_held, lock_held
from payments.operations.counting import count_after_commit
from payments.routes import INTERNAL
from payments.rules import accounts_refuse, still_refused
from payments.snapshot import terms_of_version
from payments.states import PaymentStatus
from payments.terms import PaymentTerms
from tenants.database.pipeline import pipelined_transaction

REFUSED: Final = "approval_refused"
"""The reason code of a payment that nobody approved."""
_Status = PaymentApproval.Status


@transaction.atomic
def approve_payment(*, payment_id: UUID, actor: Actor, reason: str = "") -> Payment:
    """Let a payment go on: it gets its hold, and is booked at once if it is synchronous. Locks the payment, then its accounts.

    Judged again by today's accounts and balances, under the terms it was asked for; its limits are used since then. Its
    value date is one from now on, never earlier than the one it was taken with. A refusal (InsufficientFunds, AccountFrozen, …)
    is raised and leaves it waiting. Raises PaymentUnknown, ApprovalDecided, SelfApproval for the person who asked for it,
    NotAuthorised for an approver whom nobody answers for.
    """
    payment, approval = _waiting(payment_id)
    terms = terms_of_version(payment.payment_type, payment.payment_type_version)
    check_second_person(actor, approval.requested_by, approval.requested_by_person, what="a payment")
    _decide(approval, _Status.APPROVED, actor, reason)
    _reserve(payment, approval.debit_minor, terms)
    _tell(payment, "approved")
    if payment.rail == INTERNAL and terms.synchronous:
        with pipelined_transaction() as pipelined:
            book_held(pipelined, [lock_held(pipelined, payment.id)])
        payment.refresh_from_db()
        count_after_commit(payment.payment_type, payment.status)
        return payment
    waiting.wake_a_worker()
    payment.refresh_from_db()
    return payment


@transaction.atomic
def reject_payment(*, payment_id: UUID, actor: Actor, reason: str = "") -> Payment:
    """Refuse the approval: the payment is REJECTED and uses no limit any more. Raises PaymentUnknown, ApprovalDecided."""
    payment, approval = _waiting(payment_id)
    _decide(approval, _Status.REFUSED, actor, reason)
    return _call_off(payment, PaymentStatus.REJECTED, reason or "the approval was refused", reason_code=REFUSED)


@transaction.atomic
def cancel_payment(*, payment_id: UUID, actor: Actor, reason: str = "") -> Payment:
    """Call a payment off before it is carried out: its hold is released. Raises PaymentUnknown, NotCancellable."""
    payment = _locked(payment_id)
    if payment.status == PaymentStatus.PENDING_APPROVAL:
        _decide(PaymentApproval.objects.get(payment_id=payment.id), _Status.WITHDRAWN, actor, reason)
    elif payment.status != PaymentStatus.RESERVED:
        raise NotCancellable(f"this payment is {payment.status}: only one that waits can be cancelled", payment=payment.public_id)
    return _call_off(payment, PaymentStatus.CANCELLED, reason or "cancelled on request", reason_code="cancelled")


def _locked(payment_id: UUID) -> Payment:
    payment = Payment.objects.select_for_update(no_key=True).filter(id=payment_id).first()
    if payment is None:
        raise PaymentUnknown("there is no such payment")
    return payment


def _waiting(payment_id: UUID) -> tuple[Payment, PaymentApproval]:
    payment = _locked(payment_id)
    if payment.status != PaymentStatus.PENDING_APPROVAL:
        raise ApprovalDecided(f"this payment is {payment.status} and waits for no approval", payment=payment.public_id)
    return payment, PaymentApproval.objects.get(payment_id=payment.id)


def _decide(approval: PaymentApproval, status: PaymentApproval.Status, actor: Actor, reason: str) -> None:
    approval.status, approval.reason, approval.decided_at = status, reason, now()
    approval.decided_by, approval.decided_by_person = actor.name, actor.person
    approval.save(update_fields=["status", "reason", "decided_at", "decided_by", "decided_by_person"])


def _reserve(payment: Payment, debit_minor: int, terms: PaymentTerms) -> None:
    with pipelined_transaction() as pipelined:
        accounts = lock_accounts(pipelined, {key for key in (payment.debtor_account_id, payment.creditor_account_id) if key})
        debtor = accounts.by_id[payment.debtor_account_id]
        creditor = accounts.by_id[payment.creditor_account_id] if payment.creditor_account_id else None
        refusal = accounts_refuse(debtor, creditor, payment.currency) or still_refused(payment.amount_minor, debit_minor, debtor, creditor)
        if refusal is not None:
            raise refusal
        hold = HoldDraft(account_id=debtor.id, payment_id=payment.id, amount_minor=debit_minor, currency=payment.currency)
        place_holds(pipelined, [hold])
    payment.value_date = max(payment.value_date, terms.value_date_at(accounts.locked_at, payment.requested_execution_date))
    payment.status, payment.next_attempt_at = PaymentStatus.RESERVED, Now()
    payment.save(update_fields=["status", "next_attempt_at", "value_date"])


def _call_off(payment: Payment, status: PaymentStatus, reason: str, *, reason_code: str) -> Payment:
    with pipelined_transaction() as pipelined:
        lock_accounts(pipelined, {payment.debtor_account_id})
        release_holds(pipelined, [payment.id])
        writes.give_back_usage(pipelined, [(payment.debtor_account_id, payment.payment_type, payment.created_at, payment.amount_minor)])
    payment.status, payment.reason_code, payment.reason, payment.next_attempt_at = status, reason_code, reason, None
    payment.save(update_fields=["status", "reason_code", "reason", "next_attempt_at"])
    _tell(payment, status.value.lower())
    count_after_commit(payment.payment_type, payment.status)
    return payment


def _tell(payment: Payment, what: str) -> None:
    OutboxEvent.objects.create(topic=f"payment.{what}", subject_id=payment.id, correlation_id=payment.correlation_id)
