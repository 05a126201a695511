"""Reversals: money given back by us after completion, in full or in part."""

from uuid import UUID

from django.db import transaction

from accounts.errors import AccountFull, InsufficientFunds
from accounts.ledger.drafts import JournalDraft, Leg
from accounts.ledger.journal import post_journals
from accounts.ledger.locks import PendingLocks
from accounts.models import Journal
from events.errors import IdempotencyKeyReused
from events.models import OutboxEvent
from payment_engine.errors import Conflict, FieldError
from payment_engine.ids import new_id
from payment_engine.money import AmountInvalid, format_amount
from payment_engine.observability.correlation import correlation_id
from payments.errors import AlreadyReversed, NotReversible, PaymentUnknown
from payments.models import Payment, Reversal
from payments.operations.counting import count_after_commit
from payments.states import PaymentStatus
from tenants.database.pipeline import pipelined_transaction


@transaction.atomic
def reverse_payment(
    *,
    payment_id: UUID,
    amount_minor: int | None,
    reason: str,
    created_by: str = "",
    reversed_before_minor: int | None = None,
    idempotency_key: str | None = None,
) -> Reversal:
    """Give back `amount_minor`, or all that is left. The fee stays with the bank. Locks the payment, then both accounts.

    A full reversal makes the payment REVERSED; a partial one leaves it COMPLETED with a larger reversed amount. Raises
    PaymentUnknown, NotReversible, AlreadyReversed, AmountInvalid (more than is left), InsufficientFunds (of the creditor).
    `reversed_before_minor` is what the caller saw given back so far: Conflict when it is more by now, so a form sent twice
    reverses once. A key that made a reversal makes no second one, however long ago: IdempotencyKeyReused.
    """
    payment = Payment.objects.select_for_update().filter(id=payment_id).first()
    if payment is None:
        raise PaymentUnknown("there is no such payment")
    if reversed_before_minor is not None and reversed_before_minor != payment.reversed_minor:
        raise Conflict("more of this payment has been reversed since you looked at it")
    if idempotency_key is not None and Reversal.objects.filter(idempotency_key=idempotency_key).exists():
        raise IdempotencyKeyReused("this key belongs to a reversal of long ago; its stored answer has expired")
    amount = _amount_to_reverse(payment, amount_minor)
    journal_id = _post(payment, amount, reason, created_by)
    reversal = Reversal.objects.create(
        payment=payment,
        amount_minor=amount,
        currency=payment.currency,
        reason=reason,
        idempotency_key=idempotency_key,
        journal_id=journal_id,
        created_by=created_by,
    )
    payment.refresh_from_db(fields=["reversed_minor", "status"])  # a reversal moves them
    if payment.status == PaymentStatus.REVERSED:
        count_after_commit(payment.payment_type, payment.status)
    OutboxEvent.objects.create(topic="payment.reversed", subject_id=payment.id, correlation_id=correlation_id() or "")
    return reversal


def _amount_to_reverse(payment: Payment, amount_minor: int | None) -> int:
    if payment.status == PaymentStatus.REVERSED:
        raise AlreadyReversed("this payment is reversed in full")
    if payment.status != PaymentStatus.COMPLETED:
        raise NotReversible(f"only a completed payment can be reversed, this one is {payment.status}")
    if payment.creditor_account_id is None:
        raise NotReversible(f"this payment left the bank over {payment.rail}: only the bank that has the money can give it back")
    left = payment.amount_minor - payment.reversed_minor
    if amount_minor is None:
        return left
    if not 0 < amount_minor <= left:
        detail = f"{format_amount(left, payment.currency)} {payment.currency} of this payment can still be reversed"
        raise AmountInvalid(detail, errors=[FieldError(pointer="/amount", code=AmountInvalid.code, detail=detail)])
    return amount_minor


def _post(payment: Payment, amount_minor: int, reason: str, created_by: str) -> UUID:
    """Creditor → debtor. Frozen accounts may be corrected too, closed ones can't hold the money any more."""
    assert payment.creditor_account_id is not None, "a completed payment has a creditor"  # noqa: S101
    journal_id = new_id()
    with pipelined_transaction() as tx:
        accounts = PendingLocks(tx, {payment.debtor_account_id, payment.creditor_account_id}).fetch()
        debtor, creditor = accounts.by_id[payment.debtor_account_id], accounts.by_id[payment.creditor_account_id]
        if "CLOSED" in {debtor.status, creditor.status}:
            raise NotReversible("one of the accounts is closed")
        if creditor.available_minor < amount_minor:
            raise InsufficientFunds("the account that received the payment has not enough available funds")
        if not debtor.has_room_for(amount_minor):
            raise AccountFull("the account that paid can't hold that much any more")
        legs = (
            Leg(account_id=creditor.id, amount_minor=-amount_minor, currency=payment.currency),
            Leg(account_id=debtor.id, amount_minor=amount_minor, currency=payment.currency),
        )
        draft = JournalDraft(
            id=journal_id,
            kind=Journal.Kind.REVERSAL,
            payment_id=payment.id,
            value_date=max(accounts.locked_at.date(), payment.value_date),  # nobody gains or loses interest by it
            legs=legs,
            description=reason,
            created_by=created_by,
        )
        post_journals(tx, [draft], accounts)
    return journal_id
