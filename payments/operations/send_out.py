"""Payments that leave the bank: handed to a rail after the transaction that says so, asked about when the answer stays away.

Three steps, each safe to be the last one of a process: **claim** (an attempt is on record, the payment is SUBMITTED),
**tell or ask** the rail outside any transaction, **settle** what it said. A payment is claimed for LEASE, and for LEASE again
when its turn comes; whoever finds it after that finds an attempt without an answer, and asks the rail instead of telling it
again. A rail that has said of an attempt that it never arrived refuses it should it arrive after all, however late.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from msgspec import Struct

from accounts.ledger.locks import lock_accounts
from accounts.models import Account
from events.models import OutboxEvent
from payment_engine.clock import now
from payments.models import Payment, RailAttempt
from payments.operations.carry_out import Ending, completed, finish, lock_held, shared_accounts
from payments.operations.counting import count_after_commit
from payments.rails import NotAnswered, RailOrder, Unavailable, Verdict, rail_named
from payments.routes import INTERNAL, Route
from payments.snapshot import terms_of_version
from payments.states import PaymentStatus
from tenants.database.pipeline import pipelined_transaction

AT_ONCE: Final = 20
LEASE: Final = timedelta(seconds=30)
"""Longer than a rail may take to answer."""
_OUT_OF_SERVICE_PAUSE: Final = timedelta(seconds=10)
_FIRST_INQUIRY: Final = timedelta(seconds=1)
_LAST_INQUIRY: Final = timedelta(hours=1)
_log: Final = logging.getLogger(__name__)
_Status = RailAttempt.Status
_UNANSWERED: Final = frozenset({_Status.SENT, _Status.UNKNOWN})


class Errand(Struct, frozen=True, kw_only=True):
    """What to do about a claimed payment: tell its rail, or ask it about an attempt that has no answer yet."""

    attempt_id: UUID
    payment_id: UUID
    rail: str
    order: RailOrder
    inquiries: int
    """Of the attempt so far, this one included: somebody who took the payment over has made another."""
    asks: bool


def send_out_payments(limit: int = AT_ONCE) -> int:
    """Take up due payments of the tenant in context that leave the bank; how many it were. Never inside a transaction."""
    payments, errands = _claim(limit)
    for errand in errands:
        if _is_still_ours(errand):
            _run(errand)
    return payments


@transaction.atomic
def _claim(limit: int) -> tuple[int, list[Errand]]:
    due = Payment.objects.filter(next_attempt_at__lte=Now(), status__in=[PaymentStatus.RESERVED, PaymentStatus.SUBMITTED])
    due = due.exclude(rail=INTERNAL).order_by("next_attempt_at").select_for_update(skip_locked=True, no_key=True)
    payments = list(due[:limit])
    if not payments:
        return 0, []
    made = RailAttempt.objects.filter(payment_id__in=[payment.id for payment in payments]).order_by("number")
    attempts: dict[UUID, list[RailAttempt]] = {}
    for attempt in made:
        attempts.setdefault(attempt.payment_id, []).append(attempt)
    debtors = {account.id: account for account in Account.objects.filter(id__in={payment.debtor_account_id for payment in payments})}
    if closed := {account.id for account in debtors.values() if account.status != Account.Status.OPEN}:
        with pipelined_transaction() as pipelined:
            lock_accounts(pipelined, closed)  # those whose payments end here, in id order as everybody locks them
    errands = [_errand(payment, attempts.get(payment.id, []), debtors[payment.debtor_account_id]) for payment in payments]
    return len(payments), [errand for errand in errands if errand is not None]


def _errand(payment: Payment, attempts: Sequence[RailAttempt], debtor: Account) -> Errand | None:
    last = attempts[-1] if attempts else None
    if last is not None and last.status in _UNANSWERED:
        last.inquiries += 1
        last.save(update_fields=["inquiries"])
        _submitted(payment, last.rail)
        return _errand_of(payment, last, debtor, asks=True)
    if debtor.status != Account.Status.OPEN:  # frozen since: nothing is on its way, and nothing goes
        _end(payment.id, None, reason_code="account_frozen", reason="the debtor account was frozen before the payment left")
        return None
    rail = _route(payment).next_way_out(_tried(attempts))
    if rail is None:
        payment.next_attempt_at = Now() + _OUT_OF_SERVICE_PAUSE
        payment.save(update_fields=["next_attempt_at"])
        return None
    attempt = RailAttempt.objects.create(payment=payment, number=len(attempts) + 1, rail=rail, sent_at=now())
    _submitted(payment, rail)
    return _errand_of(payment, attempt, debtor, asks=False)


def _submitted(payment: Payment, rail: str) -> None:
    newly = payment.status == PaymentStatus.RESERVED
    payment.status, payment.rail, payment.next_attempt_at = PaymentStatus.SUBMITTED, rail, Now() + LEASE
    payment.save(update_fields=["status", "rail", "next_attempt_at"])
    if newly:
        OutboxEvent.objects.create(topic="payment.submitted", subject_id=payment.id, correlation_id=payment.correlation_id)


def _errand_of(payment: Payment, attempt: RailAttempt, debtor: Account, *, asks: bool) -> Errand:
    assert payment.creditor_iban is not None, "what leaves the bank goes to an IBAN"  # noqa: S101
    order = RailOrder(
        uetr=payment.uetr,
        attempt=attempt.number,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        debtor_iban=debtor.iban,
        creditor_iban=payment.creditor_iban,
        end_to_end_id=payment.end_to_end_id,
        remittance_information=payment.remittance_information,
        metadata=payment.metadata,
    )
    return Errand(attempt_id=attempt.id, payment_id=payment.id, rail=attempt.rail, order=order, inquiries=attempt.inquiries, asks=asks)


@transaction.atomic
def _is_still_ours(errand: Errand) -> bool:
    """The payment is ours for another LEASE, unless those before it took so long that somebody else asked about it."""
    payment = Payment.objects.select_for_update(no_key=True).get(id=errand.payment_id)
    attempt = RailAttempt.objects.get(id=errand.attempt_id)
    if payment.status != PaymentStatus.SUBMITTED or attempt.status not in _UNANSWERED or attempt.inquiries != errand.inquiries:
        return False
    payment.next_attempt_at = Now() + LEASE
    payment.save(update_fields=["next_attempt_at"])
    return True


def _run(errand: Errand) -> None:
    rail = rail_named(errand.rail)
    try:
        answer = rail.inquire(errand.order) if errand.asks else rail.send(errand.order)
    except Unavailable as failure:
        _settle(errand, _Status.UNKNOWN if errand.asks else _Status.UNAVAILABLE, str(failure))
    except NotAnswered as failure:
        _settle(errand, _Status.UNKNOWN, str(failure))
    else:
        _settle(errand, _STATUSES[answer.verdict], answer.detail)


_STATUSES: Final = {
    Verdict.ACCEPTED: _Status.ACCEPTED,
    Verdict.REJECTED: _Status.REJECTED,
    Verdict.NEVER_ARRIVED: _Status.UNAVAILABLE,
}


@transaction.atomic
def _settle(errand: Errand, status: RailAttempt.Status, detail: str) -> None:
    """Draw the consequence of an answer, once: who comes second finds the attempt answered, or the payment ended."""
    payment = Payment.objects.select_for_update(no_key=True).get(id=errand.payment_id)
    attempt = RailAttempt.objects.get(id=errand.attempt_id)
    if payment.status != PaymentStatus.SUBMITTED or attempt.status not in _UNANSWERED:
        if status == _Status.ACCEPTED != attempt.status:
            _log.error("a rail accepted an attempt that was given up", extra={"payment": payment.public_id, "rail": attempt.rail})
        return
    attempt.status, attempt.detail = status, detail
    attempt.answered_at = None if status == _Status.UNKNOWN else now()
    attempt.save(update_fields=["status", "detail", "answered_at"])
    match status:
        case _Status.ACCEPTED:
            _end(payment.id, attempt.rail)
        case _Status.REJECTED:
            code, _, words = detail.partition(" ")
            _end(payment.id, None, reason_code=code, reason=words or detail)
        case _Status.UNKNOWN:
            _log.warning("a rail left a payment without an answer", extra={"payment": payment.public_id, "rail": attempt.rail})
            payment.next_attempt_at = Now() + min(_FIRST_INQUIRY * 2 ** min(attempt.inquiries, 12), _LAST_INQUIRY)
            payment.save(update_fields=["next_attempt_at"])
        case _:
            _try_again(payment)


def _try_again(payment: Payment) -> None:
    """The same rail after a pause, or the next one of the route at once; FAILED when all of them are used up."""
    route, tried = _route(payment), _tried(list(RailAttempt.objects.filter(payment_id=payment.id)))
    if route.is_used_up(tried):
        _end(payment.id, None, reason_code="rail_unavailable", reason=f"no rail took it: {', '.join(route.ways_out)}")
        return
    rail = route.next_way_out(tried)
    pause = _OUT_OF_SERVICE_PAUSE if rail is None else route.pause_before(rail, tried)
    payment.next_attempt_at = Now() + pause
    payment.save(update_fields=["next_attempt_at"])


def _end(payment_id: UUID, rail: str | None, *, reason_code: str | None = None, reason: str | None = None) -> None:
    """COMPLETED over this rail, its money on the clearing account; without one FAILED, its money available again."""
    with pipelined_transaction() as pipelined:
        payment = lock_held(pipelined, payment_id)
        accounts = lock_accounts(pipelined, {payment.debtor_account_id})
        if rail is None:
            ending = Ending(payment=payment, reason_code=reason_code, reason=reason)
        else:
            clearing = shared_accounts(pipelined, "CLEARING")[payment.currency]
            fee_account_id = shared_accounts(pipelined, "FEE").get(payment.currency)
            ending = completed(payment, creditor_id=clearing, fee_account_id=fee_account_id)
        finish(pipelined, [ending], accounts)
    count_after_commit(payment.payment_type, ending.status)


def _route(payment: Payment) -> Route:
    return terms_of_version(payment.payment_type, payment.payment_type_version).route


def _tried(attempts: Sequence[RailAttempt]) -> Counter[str]:
    return Counter(attempt.rail for attempt in attempts)
