"""Carrying out what waits with a hold: the internal rail books it, in batches; `send_out` takes what leaves the bank.

PostgreSQL says what is due. A batch is claimed with SKIP LOCKED and finished in the same transaction, so any number of
workers may run this, die anywhere, and each payment is booked once.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import DataError, IntegrityError
from django.db.models.functions import Now
from msgspec import Struct

from accounts.ledger.drafts import JournalDraft, LockedAccount
from accounts.ledger.holds import capture_holds, release_holds
from accounts.ledger.journal import post_journals
from accounts.ledger.locks import LockedAccounts, lock_accounts
from accounts.ledger.sql import array_of, array_of_texts, given_rows, packed_ids
from accounts.models import Journal
from payment_engine.errors import EngineError
from payment_engine.ids import new_id
from payment_engine.observability.metrics import count_payments
from payments.fees import FeePayer
from payments.models import Payment
from payments.operations import writes
from payments.routes import INTERNAL
from payments.rules import accounts_refuse, full_account_refuses, payment_legs
from payments.states import PaymentStatus
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction, Row, pipelined_transaction

AT_ONCE: Final = 100
PUT_OFF: Final = timedelta(minutes=10)
_log: Final = logging.getLogger(__name__)
_COLUMNS: Final = """t.id, t.payment_type, t.debtor_account_id, t.creditor_account_id, t.amount_minor, t.currency, t.fee_minor,
    t.value_date, t.remittance_information, t.created_by, t.correlation_id, t.created_at, h.amount_minor"""
_DUE: Final = f"""
SELECT {_COLUMNS} FROM transactions t JOIN holds h ON h.payment_id = t.id AND h.tenant_id = t.tenant_id AND h.status = 'ACTIVE'
WHERE t.next_attempt_at <= statement_timestamp() AND t.status = 'RESERVED' AND t.rail = '{INTERNAL}'
ORDER BY t.next_attempt_at LIMIT %s FOR NO KEY UPDATE OF t SKIP LOCKED"""  # noqa: S608  # constants
_ONE: Final = f"""
SELECT {_COLUMNS} FROM transactions t JOIN holds h ON h.payment_id = t.id AND h.tenant_id = t.tenant_id AND h.status = 'ACTIVE'
WHERE t.id = %s FOR NO KEY UPDATE OF t"""  # noqa: S608  # constants
_SHARED: Final = "SELECT currency, id FROM accounts WHERE role = %s AND append_only AND status = 'OPEN' AND tenant_id = %s"
_ENDINGS: Final = {"id": "uuid", "status": "text", "journal_id": "uuid", "reason_code": "text", "reason": "text"}
_END: Final = f"""
UPDATE transactions t SET status = given.status, journal_id = given.journal_id, reason_code = given.reason_code, reason = given.reason,
    completed_at = CASE given.status WHEN 'COMPLETED' THEN %s::timestamptz END, next_attempt_at = NULL
FROM {given_rows(_ENDINGS)} WHERE t.id = given.id AND t.tenant_id = %s"""  # noqa: S608  # constants


class HeldPayment(Struct, frozen=True, kw_only=True):
    """A payment with an active hold of `debit_minor`, its row locked."""

    id: UUID
    payment_type: str
    debtor_account_id: UUID
    creditor_account_id: UUID | None
    amount_minor: int
    currency: str
    fee_minor: int
    value_date: date
    remittance_information: str | None
    created_by: str
    correlation_id: str
    created_at: datetime
    debit_minor: int

    @property
    def fee_payer(self) -> FeePayer:
        """As its terms said when it was taken: the hold is for amount and fee where the debtor pays it."""
        return FeePayer.DEBTOR if self.debit_minor == self.amount_minor + self.fee_minor else FeePayer.CREDITOR


class Ending(Struct, frozen=True, kw_only=True):
    """COMPLETED with its journal, or FAILED with the reason."""

    payment: HeldPayment
    journal: JournalDraft | None = None
    reason_code: str | None = None
    reason: str | None = None

    @property
    def status(self) -> PaymentStatus:
        return PaymentStatus.FAILED if self.journal is None else PaymentStatus.COMPLETED


def carry_out_payments(limit: int = AT_ONCE) -> int:
    """Book due payments of the tenant in context on the internal rail, in one transaction; how many it were.

    If PostgreSQL refuses that (a rule, or together they are more than a bigint holds), each is booked by itself, and those
    that it still refuses are put off and logged: they keep nobody else's payments from being booked.
    """
    try:
        return _carry_out(_DUE, limit)
    except (IntegrityError, DataError):
        due = Payment.objects.filter(next_attempt_at__lte=Now(), status=PaymentStatus.RESERVED, rail=INTERNAL)
        return sum(_carry_out_alone(payment) for payment in due.order_by("next_attempt_at")[:limit])


def _carry_out_alone(payment: Payment) -> int:
    try:
        return _carry_out(_ONE, payment.id)
    except (IntegrityError, DataError):
        _log.exception("a payment can't be carried out: the books of its accounts need a look", extra={"payment": payment.public_id})
        Payment.objects.filter(id=payment.id, status=PaymentStatus.RESERVED).update(next_attempt_at=Now() + PUT_OFF)
        return 0


def _carry_out(query: str, which: int | UUID) -> int:
    with pipelined_transaction() as transaction:
        due = [_held(row) for row in transaction.queue(query, [which]).fetchall()]
        endings = book_held(transaction, due) if due else []
    for ending in endings:
        count_payments(tenant=current_tenant_id(), payment_type=ending.payment.payment_type, status=ending.status.value)
    return len(endings)


def lock_held(transaction: PipelinedTransaction, payment_id: UUID) -> HeldPayment:
    """A payment that has an active hold, its row locked until the end of the transaction."""
    return _held(transaction.queue(_ONE, [payment_id]).fetchone())


def book_held(transaction: PipelinedTransaction, payments: Sequence[HeldPayment]) -> list[Ending]:
    """Book these payments, whose rows are locked, or fail those whose accounts were frozen or closed meanwhile.

    Locks the accounts in id order, ends the holds, posts, writes states and outbox.
    """
    accounts = lock_accounts(transaction, {key for p in payments for key in (p.debtor_account_id, p.creditor_account_id) if key})
    fees = shared_accounts(transaction, "FEE")
    endings = [_booked_or_failed(payment, accounts, fees) for payment in payments]
    finish(transaction, endings, accounts)
    return endings


def shared_accounts(transaction: PipelinedTransaction, role: str) -> dict[str, UUID]:
    """The tenant's append-only accounts of a role by currency, opened when the payments were taken."""
    return dict(transaction.queue(_SHARED, [role, current_tenant_id()]).fetchall())


def completed(payment: HeldPayment, *, creditor_id: UUID, fee_account_id: UUID | None) -> Ending:
    """Its journal: to the creditor's account, or to the clearing account of what left the bank."""
    legs = payment_legs(
        debtor_id=payment.debtor_account_id,
        creditor_id=creditor_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        fee_minor=payment.fee_minor,
        fee_account_id=fee_account_id,
        fee_payer=payment.fee_payer,
    )
    journal = JournalDraft(
        id=new_id(),
        kind=Journal.Kind.PAYMENT,
        payment_id=payment.id,
        value_date=payment.value_date,
        legs=legs,
        description=payment.remittance_information or "",
        created_by=payment.created_by,
    )
    return Ending(payment=payment, journal=journal)


def finish(transaction: PipelinedTransaction, endings: Sequence[Ending], accounts: LockedAccounts) -> None:
    """Queue everything that ends these payments. Holds go first: what they set aside is what the postings take."""
    ended = [ending.payment for ending in endings if ending.journal is not None]
    failed = [ending.payment for ending in endings if ending.journal is None]
    capture_holds(transaction, [payment.id for payment in ended])
    release_holds(transaction, [payment.id for payment in failed])
    post_journals(transaction, [ending.journal for ending in endings if ending.journal is not None], accounts)
    transaction.execute(
        _END,
        [
            accounts.locked_at,
            packed_ids([ending.payment.id for ending in endings]),
            array_of(ending.status.value for ending in endings),
            packed_ids([ending.journal.id if ending.journal else None for ending in endings]),
            array_of_texts([ending.reason_code for ending in endings]),
            array_of_texts([ending.reason for ending in endings]),
            current_tenant_id(),
        ],
    )
    give_back_usage(transaction, failed)
    writes.insert_events(
        transaction, [(f"payment.{ending.status.value.lower()}", ending.payment.id, ending.payment.correlation_id) for ending in endings]
    )


def give_back_usage(transaction: PipelinedTransaction, payments: Iterable[HeldPayment]) -> None:
    """What will not be paid uses no limit. Under the debtors' locks."""
    writes.give_back_usage(transaction, [(p.debtor_account_id, p.payment_type, p.created_at, p.amount_minor) for p in payments])


def _held(row: Row) -> HeldPayment:
    return HeldPayment(**dict(zip(HeldPayment.__struct_fields__, row, strict=True)))


def _booked_or_failed(payment: HeldPayment, accounts: LockedAccounts, fees: dict[str, UUID]) -> Ending:
    assert payment.creditor_account_id is not None, "the internal rail pays accounts kept here"  # noqa: S101
    debtor, creditor = accounts.by_id[payment.debtor_account_id], accounts.by_id[payment.creditor_account_id]
    refusal = _refusal(payment, debtor, creditor)
    if refusal is not None:
        return Ending(payment=payment, reason_code=refusal.code, reason=refusal.detail)
    ending = completed(payment, creditor_id=creditor.id, fee_account_id=fees.get(payment.currency))
    creditor.promise(-payment.amount_minor)
    return ending


def _refusal(payment: HeldPayment, debtor: LockedAccount, creditor: LockedAccount) -> EngineError | None:
    return accounts_refuse(debtor, creditor, payment.currency) or full_account_refuses(payment.amount_minor, creditor)
