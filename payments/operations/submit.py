"""Submitting payments: the one road money takes, whatever door asked for it."""

import hmac
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import DataError, IntegrityError
from uuid_utils.compat import uuid4

from accounts.ledger.drafts import JournalDraft
from accounts.ledger.holds import HoldDraft, place_holds
from accounts.ledger.journal import post_journals
from accounts.ledger.locks import LockedAccounts, PendingLocks
from accounts.rules import is_iban
from events.answers import Answer
from events.errors import IdempotencyKeyReused
from payment_engine.api.errors import at
from payment_engine.errors import EngineError, ValidationFailed
from payment_engine.ids import new_id
from payments.errors import BatchRefused, UetrUsed
from payments.operations import waiting, writes
from payments.operations.waiting import Requester
from payments.rules import NOTHING_USED, Allowed, decide
from payments.snapshot import Snapshot, clearing_account, current_snapshot, fee_account
from payments.states import PaymentStatus
from payments.terms import PaymentTerms
from payments.values import Mode, Outcome, PaymentRecord, SubmitPayment
from payments.velocity import RunningUsage, UsageKey
from tenants.database.pipeline import ConnectionDied, PipelinedTransaction, pipelined_transaction

SLICE: Final = 200
_FIRST_SLICE: Final = 25
"""PostgreSQL has nothing to do until it comes."""
_log: Final = logging.getLogger(__name__)
Kept = dict[str, tuple[bytes, Answer]]
Along = Callable[[PipelinedTransaction, Sequence[Outcome]], None]
"""Queues what is written together with the payments, once all are decided; called again if they have to be taken again."""


def submit_payments(items: Sequence[SubmitPayment], *, mode: Mode = Mode.BEST_EFFORT, along: Along | None = None) -> list[Outcome]:
    """Decide and book 1..N payments of the tenant in context in one transaction; outcomes in the order of the items.

    Locks the accounts of the whole batch in id order, then looks up idempotency keys, decides each item against
    running balances, and writes everything set-wise. A refused item never disturbs its neighbours, unless ATOMIC: then
    nothing is booked and the others say `batch_refused`. An item whose key was answered before gets that answer again
    and does nothing. Same key, other body: `idempotency_key_reused`. Runs in the transaction around it if there is one.

    A payment that can't be booked at once waits: PENDING_APPROVAL from the threshold of its type on, else RESERVED, with a
    hold, for whoever carries it out (`payments.operations.carry_out`); a worker is woken after the commit.

    What `along` queues reaches PostgreSQL while it still writes the payments. It commits with them where the caller's
    transaction is around both; without one it may come after them, if a conflict made them be taken one by one.
    """
    if not items and along is None:
        return []
    snapshot = current_snapshot()
    ground = _ground(items, snapshot)
    outcomes = _taken(items, mode, snapshot, ground, along)
    if ground.may_wait and any(outcome.payment is not None and outcome.payment.status is PaymentStatus.RESERVED for outcome in outcomes):
        waiting.wake_a_worker()
    return outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a batch may need and must be there before its transaction starts: fee accounts, and who asks for what needs approval."""

    fees: dict[str, UUID]
    requesters: dict[str, Requester]
    may_wait: bool


def _ground(items: Sequence[SubmitPayment], snapshot: Snapshot) -> _Ground:
    asked = [(item, terms) for item in items if (terms := snapshot.terms.get(item.payment_type)) is not None and terms.active]
    for currency in {item.currency for item, terms in asked if terms.route.ways_out and terms.serves(item.currency)}:
        clearing_account(snapshot, currency)
    return _Ground(
        fees={
            currency: fee_account(snapshot, currency) for currency in {i.currency for i, t in asked if t.charges and t.serves(i.currency)}
        },
        requesters={name: waiting.requester(name) for name in {i.created_by for i, t in asked if t.approval_threshold is not None}},
        may_wait=any(not terms.synchronous for _, terms in asked),
    )


def _taken(items: Sequence[SubmitPayment], mode: Mode, snapshot: Snapshot, ground: _Ground, along: Along | None) -> list[Outcome]:
    try:
        return _submit(items, mode, snapshot, ground, along)
    except (IntegrityError, DataError):
        # Somebody else used one of the keys in between; the second look finds the answer. Singles if it is not that, or if a
        # bigint does not hold what all of them together add to one of the bank's accounts.
        if mode is Mode.ATOMIC or len(items) == 1:
            return _second_look(items, mode, snapshot, ground, along)
        _log.warning("a batch of payments met a conflict and is taken one by one", extra={"context": {"items": len(items)}})
        outcomes = [outcome for item in items for outcome in submit_payments([item])]
        if along is not None:
            with pipelined_transaction() as transaction:
                along(transaction, outcomes)
        return outcomes
    except ConnectionDied:
        return _submit(items, mode, snapshot, ground, along)


def _second_look(items: Sequence[SubmitPayment], mode: Mode, snapshot: Snapshot, ground: _Ground, along: Along | None) -> list[Outcome]:
    try:
        return _submit(items, mode, snapshot, ground, along)
    except IntegrityError as error:
        if "payment_key_unique_per_tenant" not in str(error):
            raise
        refusal = IdempotencyKeyReused("this key belongs to a payment of long ago; its stored answer has expired")
        if len(items) > 1:  # ATOMIC: whichever item it was, none was booked
            raise refusal from error
        return [Outcome(refusal=refusal)]


def _submit(items: Sequence[SubmitPayment], mode: Mode, snapshot: Snapshot, ground: _Ground, along: Along | None) -> list[Outcome]:
    with pipelined_transaction() as transaction:
        locks = PendingLocks(transaction, [ref for item in items for ref in (item.debtor_account, item.creditor_account)])
        # After the locks, so that a twin that held them is visible by now.
        kept_answers = writes.queue_kept_answers(transaction, [i.idempotency.key for i in items if i.idempotency])
        used_uetrs = writes.queue_used_uetrs(transaction, [item.uetr for item in items if item.uetr is not None])
        batch = _Batch(transaction, snapshot, ground, locks.fetch(), kept=kept_answers(), used_uetrs=used_uetrs())
        batch.read_usage(items)
        outcomes: list[Outcome] = []
        for slice_ in _slices(items, mode):
            outcomes += [batch.take(item) for item in slice_]
            if mode is Mode.ATOMIC and any(_is_refused(outcome) for outcome in outcomes):
                return [_taken_down(outcome) for outcome in outcomes]
            batch.write()
        batch.write_usage()
        if along is not None:
            along(transaction, outcomes)
    return outcomes


def _slices(items: Sequence[SubmitPayment], mode: Mode) -> Iterator[Sequence[SubmitPayment]]:
    """PostgreSQL writes one slice while Python decides the next.

    One slice is all where all stands or falls together, and where there are keys: they are written in one order.
    """
    if mode is Mode.ATOMIC or any(item.idempotency for item in items):
        yield items
        return
    if items:
        yield items[:_FIRST_SLICE]
    for first in range(_FIRST_SLICE, len(items), SLICE):
        yield items[first : first + SLICE]


def _is_refused(outcome: Outcome) -> bool:
    """Now, or when its key was used first."""
    return outcome.refusal is not None or (outcome.answer is not None and outcome.answer.status >= 400)  # noqa: PLR2004  # HTTP's border


def _taken_down(outcome: Outcome) -> Outcome:
    if outcome.refusal is not None or outcome.replayed:
        return outcome
    return Outcome(refusal=BatchRefused("another payment of this atomic batch was refused, so none was booked"))


class _Batch:
    """One transaction's worth of payments: decides against running balances, remembers what to write."""

    def __init__(
        self,
        transaction: PipelinedTransaction,
        snapshot: Snapshot,
        ground: _Ground,
        accounts: LockedAccounts,
        *,
        kept: Kept,
        used_uetrs: set[UUID],
    ) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self._ground = ground
        self._accounts = accounts
        self._kept = kept
        self._used_uetrs = used_uetrs
        self._now = accounts.locked_at
        self._today = self._now.date()
        self._usage = RunningUsage()
        self._journals: list[JournalDraft] = []
        self._holds: list[HoldDraft] = []
        self._approvals: list[writes.ApprovalDraft] = []
        self._payments: list[tuple[SubmitPayment, PaymentRecord]] = []
        self._answers: list[tuple[str, bytes, Answer]] = []

    def read_usage(self, items: Sequence[SubmitPayment]) -> None:
        """What has been used, only if a payment type of the batch limits it: one more round trip then."""
        types = {item.payment_type for item in items}
        limited = {code: t.limits for code in types if (t := self._snapshot.terms.get(code)) is not None and t.limits}
        if not limited:
            return
        asked = {
            UsageKey(debtor.id, counted_as, limit.window)
            for item in items
            for counted_as, limit in limited.get(item.payment_type, ())
            if (debtor := self._accounts.find(item.debtor_account)) is not None
        }
        if asked:
            self._usage = RunningUsage(writes.usage_of(self._transaction, sorted(asked), self._now))

    def take(self, item: SubmitPayment) -> Outcome:
        if item.idempotency is not None and (kept := self._kept.get(item.idempotency.key)) is not None:
            fingerprint, answer = kept
            if hmac.compare_digest(fingerprint, item.idempotency.fingerprint):
                return Outcome(answer=answer, replayed=True)
            return Outcome(refusal=IdempotencyKeyReused("this Idempotency-Key was used with another body"))
        terms = self._snapshot.terms.get(item.payment_type)
        if item.uetr is not None and item.uetr in self._used_uetrs:
            return self._refused(item, UetrUsed("another payment has this UETR"), terms)
        debtor, creditor = self._accounts.find(item.debtor_account), self._accounts.find(item.creditor_account)
        decision = decide(
            amount_minor=item.amount_minor,
            currency=item.currency,
            terms=terms,
            debtor=debtor,
            creditor=creditor,
            fee_account_id=self._ground.fees.get(item.currency),
            used=self._usage.of(debtor.id) if debtor else NOTHING_USED,
            elsewhere=creditor is None and isinstance(item.creditor_account, str) and is_iban(item.creditor_account),
        )
        if isinstance(decision, EngineError):
            return self._refused(item, decision, terms)
        assert terms is not None, "an allowed payment has terms"  # noqa: S101
        try:
            value_date = terms.value_date_at(self._now, item.requested_execution_date)
        except ValidationFailed as error:
            return self._refused(item, at("/requestedExecutionDate", error), terms)
        if decision.at_once:
            return self._allowed(item, decision, terms, value_date)
        return self._waits(item, decision, terms, value_date)

    def _allowed(self, item: SubmitPayment, decision: Allowed, terms: PaymentTerms, value_date: date) -> Outcome:
        journal = JournalDraft(
            id=new_id(),
            kind="PAYMENT",
            payment_id=item.id,
            value_date=value_date,
            legs=decision.legs,
            description=item.remittance_information or "",
            created_by=item.created_by,
        )
        assert decision.creditor is not None, "what is booked at once stays here"  # noqa: S101
        decision.debtor.promise(decision.debit_minor)
        decision.creditor.promise(-decision.credit_minor)
        payment = self._record(
            item,
            terms_version=terms.version,
            status=PaymentStatus.COMPLETED,
            fee_minor=decision.fee_minor,
            journal_id=journal.id,
            value_date=value_date,
            debtor_account_id=decision.debtor.id,
            creditor_account_id=decision.creditor.id,
            debtor_booked_minor=decision.debtor.running_booked_minor,
            debtor_available_minor=decision.debtor.available_minor,
        )
        self._use(item, decision, terms)
        self._journals.append(journal)
        return self._answered(item, payment)

    def _waits(self, item: SubmitPayment, decision: Allowed, terms: PaymentTerms, value_date: date) -> Outcome:
        """Until it is approved, or carried out; it uses limits from now on. Only what nobody has to approve sets money aside."""
        debtor = decision.debtor
        if not decision.needs_approval:
            debtor.held_minor += decision.debit_minor
            self._holds.append(
                HoldDraft(account_id=debtor.id, payment_id=item.id, amount_minor=decision.debit_minor, currency=item.currency)
            )
        else:
            requester = self._ground.requesters[item.created_by]
            self._approvals.append(writes.ApprovalDraft(payment_id=item.id, debit_minor=decision.debit_minor, requester=requester))
        payment = self._record(
            item,
            terms_version=terms.version,
            status=PaymentStatus.PENDING_APPROVAL if decision.needs_approval else PaymentStatus.RESERVED,
            fee_minor=decision.fee_minor,
            value_date=value_date,
            debtor_account_id=debtor.id,
            creditor_account_id=decision.creditor.id if decision.creditor else None,
            debtor_booked_minor=debtor.running_booked_minor,
            debtor_available_minor=debtor.available_minor,
            rail=decision.rail,
            creditor_iban=None if decision.creditor else str(item.creditor_account),
        )
        self._use(item, decision, terms)
        return self._answered(item, payment)

    def _use(self, item: SubmitPayment, decision: Allowed, terms: PaymentTerms) -> None:
        if limits := terms.in_minor_units(item.currency).limits:
            self._usage.add(decision.debtor.id, limits, item.amount_minor)

    def _refused(self, item: SubmitPayment, refusal: EngineError, terms: PaymentTerms | None) -> Outcome:
        """A refusal of an item of a file is a payment that was REJECTED; at the API it is an answer, kept with the key."""
        debtor = self._accounts.find(item.debtor_account)
        if item.message_id is None or debtor is None:
            return self._answered(item, refusal)
        creditor = self._accounts.find(item.creditor_account)
        payment = self._record(
            item,
            terms_version=terms.version if terms else 0,
            status=PaymentStatus.REJECTED,
            debtor_account_id=debtor.id,
            creditor_account_id=creditor.id if creditor else None,
            reason_code=refusal.code,
            reason=refusal.detail,
        )
        self._payments.append((item, payment))
        return Outcome(payment=payment, refusal=refusal)

    def _answered(self, item: SubmitPayment, result: PaymentRecord | EngineError) -> Outcome:
        answer = None
        if item.idempotency is not None:
            answer = item.idempotency.answer(result)
            self._kept[item.idempotency.key] = (item.idempotency.fingerprint, answer)
            self._answers.append((item.idempotency.key, item.idempotency.fingerprint, answer))
        if isinstance(result, EngineError):
            return Outcome(refusal=result, answer=answer)
        self._payments.append((item, result))
        if item.uetr is not None:
            self._used_uetrs.add(item.uetr)
        return Outcome(payment=result, answer=answer)

    def _record(
        self,
        item: SubmitPayment,
        *,
        terms_version: int,
        status: PaymentStatus,
        debtor_account_id: UUID,
        creditor_account_id: UUID | None,
        fee_minor: int = 0,
        journal_id: UUID | None = None,
        value_date: date | None = None,
        reason_code: str | None = None,
        reason: str | None = None,
        debtor_booked_minor: int | None = None,
        debtor_available_minor: int | None = None,
        rail: str | None = None,
        creditor_iban: str | None = None,
    ) -> PaymentRecord:
        return PaymentRecord(
            id=item.id,
            payment_type=item.payment_type,
            payment_type_version=terms_version,
            config_version=self._snapshot.version,
            status=status,
            reason_code=reason_code,
            reason=reason,
            debtor_account_id=debtor_account_id,
            creditor_account_id=creditor_account_id,
            amount_minor=item.amount_minor,
            currency=item.currency,
            fee_minor=fee_minor,
            uetr=item.uetr or uuid4(),
            value_date=value_date or max(item.requested_execution_date or self._today, self._today),
            created_at=self._now,
            completed_at=self._now if status is PaymentStatus.COMPLETED else None,
            journal_id=journal_id,
            reference=item.reference,
            end_to_end_id=item.end_to_end_id,
            remittance_information=item.remittance_information,
            requested_execution_date=item.requested_execution_date,
            metadata=item.metadata,
            message_id=item.message_id,
            rail=rail,
            creditor_iban=creditor_iban,
            debtor_booked_minor=debtor_booked_minor,
            debtor_available_minor=debtor_available_minor,
        )

    def write(self) -> None:
        """Queue the writes of what was taken since the last call; nobody waits for them before the COMMIT."""
        post_journals(self._transaction, self._journals, self._accounts)
        self._accounts.keep_promises()
        writes.insert_payments(self._transaction, self._payments)
        place_holds(self._transaction, self._holds)
        writes.insert_approvals(self._transaction, self._approvals)
        writes.insert_outbox_events(self._transaction, self._payments)
        writes.insert_answers(self._transaction, self._answers)
        self._journals, self._holds, self._approvals, self._payments, self._answers = [], [], [], [], []

    def write_usage(self) -> None:
        writes.add_usage(self._transaction, self._usage.to_record(self._now), self._now)
