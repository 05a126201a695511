"""The set-wise statements of the posting core, apart from the ledger's own: `unnest` arrays in, one statement each."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from accounts.ledger.sql import (
    Alike,
    Array,
    alike,
    array_of,
    array_of_texts,
    given_rows,
    insert_rows,
    packed_bytes,
    packed_ids,
    packed_new_ids,
    packed_numbers,
    packed_texts,
    rows_of,
)
from events.answers import Answer
from payments.operations.waiting import Requester
from payments.states import PaymentStatus
from payments.values import PaymentRecord, SubmitPayment
from payments.velocity import COUNTABLE, EVERY_TYPE, UsageKey, UsageRow, Used, Window
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_encode: Final = msgspec.json.Encoder().encode

_KEPT: Final = "SELECT key, fingerprint, response_status, response_body FROM idempotency_keys WHERE key = ANY (%s::text[])"
# One by one: for many at once the index of messages, which holds each of these rows too, looks cheaper while it has a few hundred.
USED_UETRS: Final = f"""
SELECT given.uetr FROM {given_rows({"uetr": "uuid"})} WHERE EXISTS (
    SELECT FROM transactions t WHERE t.uetr = given.uetr AND t.message_id IS NOT NULL AND NOT t.status = 'REJECTED' OFFSET 0)"""  # noqa: S608  # constants
_ANSWERS: Final = insert_rows(
    "idempotency_keys",
    {"id": "uuid", "key": "text", "fingerprint": "bytea", "response_body": "text"},
    alike={"response_status": "int2"},
)
_EACH: Final = {
    "id": "uuid",
    "debtor_account_id": "uuid",
    "creditor_account_id": "uuid",
    "amount_minor": "int8",
    "reference": "text",
    "end_to_end_id": "text",
    "uetr": "uuid",
    "remittance_information": "text",
    "idempotency_key": "text",
    "message_id": "uuid",
    "journal_id": "uuid",
}
_OFTEN_ALIKE: Final = {
    "payment_type": "text",
    "payment_type_version": "int4",
    "config_version": "int4",
    "status": "text",
    "reason_code": "text",
    "reason": "text",
    "currency": "text",
    "fee_minor": "int8",
    "requested_execution_date": "date",
    "value_date": "date",
    "metadata": "jsonb",
    "correlation_id": "text",
    "created_by": "text",
    "created_at": "timestamptz",
    "completed_at": "timestamptz",
}
_EXPRESSIONS: Final = {"reversed_minor": "0"}


def _insertion(*, waits: bool, names_parties: bool) -> str:
    each, often_alike = dict(_EACH), dict(_OFTEN_ALIKE)
    if waits:
        each |= {"creditor_iban": "text", "next_attempt_at": "timestamptz"}
        often_alike |= {"rail": "text"}
    if names_parties:
        each |= {"parties": "jsonb"}
    return insert_rows("transactions", each, often_alike, _EXPRESSIONS)


# Those that wait and those that name their parties apart, so that no payment pays for columns it has no use for.
_PAYMENTS: Final = {
    (waits, names_parties): _insertion(waits=waits, names_parties=names_parties)
    for waits in (False, True)
    for names_parties in (False, True)
}
_APPROVALS: Final = insert_rows(
    "payment_approvals",
    {"id": "uuid", "payment_id": "uuid", "debit_minor": "int8"},
    {"requested_by": "text", "requested_by_person": "text"},
    {"status": "'PENDING'", "decided_by": "''", "decided_by_person": "''", "reason": "''"},
)
_EVENTS: Final = insert_rows(
    "outbox_events",
    {"id": "uuid", "subject_id": "uuid"},
    alike={"topic": "text", "correlation_id": "text"},
    expressions={"payload": "'{}'"},
)
_WINDOWS: Final = {"account_id": "uuid", "payment_type": "text", "window_kind": "text", "window_start": "timestamptz"}
# What limit_usages holds, and the payments it does not hold yet: none where a limit is asked about with every payment.
_USAGE: Final = f"""
SELECT given.account_id, given.payment_type, given.window_kind,
    coalesce(known.amount_minor, 0), coalesce(known.count, 0), more.amount_minor, more.count,
    greatest(known.counted_until, more.counted_until)
FROM {given_rows(_WINDOWS)}
LEFT JOIN limit_usages known ON known.account_id = given.account_id AND known.payment_type = given.payment_type
    AND known.window_kind = given.window_kind AND known.window_start = given.window_start
CROSS JOIN LATERAL (
    SELECT least(coalesce(sum(t.amount_minor), 0), {COUNTABLE})::int8 AS amount_minor, count(*) AS count, max(t.created_at) AS counted_until
    FROM transactions t
    WHERE t.debtor_account_id = given.account_id AND t.created_at >= given.window_start
        AND t.created_at < given.window_start + ('1 ' || given.window_kind)::interval
        AND t.created_at > coalesce(known.counted_until, '-infinity')
        AND (given.payment_type = '{EVERY_TYPE}' OR t.payment_type = given.payment_type)
        AND t.status NOT IN ('REJECTED', 'FAILED', 'CANCELLED')
) more"""  # noqa: S608  # constants
_ADD_USAGE: Final = (
    insert_rows(
        "limit_usages",
        {"id": "uuid", **_WINDOWS, "amount_minor": "int8", "count": "int4", "counted_until": "timestamptz"},
    )
    + """
ON CONFLICT (account_id, payment_type, window_kind, window_start, tenant_id)
DO UPDATE SET amount_minor = limit_usages.amount_minor + excluded.amount_minor, count = limit_usages.count + excluded.count,
    counted_until = excluded.counted_until"""
)


_TAKEN: Final = {"account_id": "uuid", "payment_type": "text", "created_at": "timestamptz", "amount_minor": "int8"}
_GIVE_BACK: Final = f"""
UPDATE limit_usages u SET amount_minor = greatest(u.amount_minor - back.amount_minor, 0), count = greatest(u.count - back.count, 0)
FROM (
    SELECT l.id, sum(given.amount_minor)::int8 AS amount_minor, count(*)::int4 AS count
    FROM {given_rows(_TAKEN)}
    JOIN limit_usages l ON l.account_id = given.account_id AND l.payment_type IN ('{EVERY_TYPE}', given.payment_type)
        AND l.window_start = date_trunc(l.window_kind, given.created_at, 'UTC') AND l.counted_until >= given.created_at
    GROUP BY l.id
) back WHERE u.id = back.id AND u.tenant_id = %s"""  # noqa: S608  # constants


def queue_kept_answers(transaction: PipelinedTransaction, keys: Sequence[str]) -> Callable[[], dict[str, tuple[bytes, Answer]]]:
    """Ask for the answers kept with these keys; call the result to read them, after everything queued before."""
    if not keys:
        return dict
    cursor = transaction.queue(_KEPT, [array_of_texts(keys)])
    return lambda: {key: (bytes(fingerprint), Answer(status=status, body=body)) for key, fingerprint, status, body in cursor.fetchall()}


def queue_used_uetrs(transaction: PipelinedTransaction, uetrs: Sequence[UUID]) -> Callable[[], set[UUID]]:
    """Ask which of these UETRs a payment has that was not rejected; call the result to read them."""
    if not uetrs:
        return set
    cursor = transaction.queue(USED_UETRS, [packed_ids(uetrs)])
    return lambda: {uetr for (uetr,) in cursor.fetchall()}


def insert_answers(transaction: PipelinedTransaction, answers: Sequence[tuple[str, bytes, Answer]]) -> None:
    """Keep answers with their keys, in key order: two batches that share keys wait for one another, they never deadlock."""
    if not answers:
        return
    ordered = sorted(answers, key=lambda answer: answer[0])
    transaction.execute(
        _ANSWERS,
        rows_of(
            current_tenant_id(),
            [
                packed_new_ids(len(ordered)),
                array_of_texts([key for key, _, _ in ordered]),
                packed_bytes([fingerprint for _, fingerprint, _ in ordered]),
                packed_texts([answer.body for _, _, answer in ordered]),
            ],
            [alike([answer.status for _, _, answer in ordered], array_of)],
        ),
    )


class ApprovalDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits for the approval of another person than its requester."""

    payment_id: UUID
    debit_minor: int
    requester: Requester


def insert_payments(transaction: PipelinedTransaction, payments: Sequence[tuple[SubmitPayment, PaymentRecord]]) -> None:
    """In key order, as the answers, and always the same kind of payment first."""
    kinds: defaultdict[tuple[bool, bool], list[tuple[SubmitPayment, PaymentRecord]]] = defaultdict(list)
    for payment in sorted(payments, key=lambda payment: payment[0].idempotency.key if payment[0].idempotency else ""):
        kinds[payment[1].rail is not None, payment[0].parties is not None].append(payment)
    for (waits, names_parties), alike_ones in sorted(kinds.items(), key=lambda kind: kind[0]):
        _insert_kind(transaction, alike_ones, waits=waits, names_parties=names_parties)


def _insert_kind(
    transaction: PipelinedTransaction, payments: Sequence[tuple[SubmitPayment, PaymentRecord]], *, waits: bool, names_parties: bool
) -> None:
    each, often_alike = _payment_columns(payments)
    if waits:
        records = [record for _, record in payments]
        due = _array_of_moments([r.created_at if r.status is PaymentStatus.RESERVED else None for r in records])
        each += [array_of_texts([r.creditor_iban for r in records]), due]
        often_alike.append(alike([r.rail for r in records], array_of_texts))
    if names_parties:
        each.append(array_of_texts([_encode(item.parties).decode() for item, _ in payments]))
    transaction.execute(_PAYMENTS[waits, names_parties], rows_of(current_tenant_id(), each, often_alike))


def _payment_columns(payments: Sequence[tuple[SubmitPayment, PaymentRecord]]) -> tuple[list[Array], list[Alike]]:
    items, records = zip(*payments, strict=True)
    each: list[Array] = [
        packed_ids([r.id for r in records]),
        packed_ids([r.debtor_account_id for r in records]),
        packed_ids([r.creditor_account_id for r in records]),
        packed_numbers("int8", [r.amount_minor for r in records]),
        array_of_texts([r.reference for r in records]),
        array_of_texts([r.end_to_end_id for r in records]),
        packed_ids([r.uetr for r in records]),
        array_of_texts([r.remittance_information for r in records]),
        array_of_texts([item.idempotency.key if item.idempotency else None for item in items]),
        packed_ids([r.message_id for r in records]),
        packed_ids([r.journal_id for r in records]),
    ]
    often_alike = [
        alike([r.payment_type for r in records], array_of_texts),
        alike([r.payment_type_version for r in records], array_of),
        alike([r.config_version for r in records], array_of),
        alike([r.status for r in records], array_of),
        alike([r.reason_code for r in records], array_of_texts),
        alike([r.reason for r in records], array_of_texts),
        alike([r.currency for r in records], array_of),
        alike([r.fee_minor for r in records], array_of),
        alike([r.requested_execution_date for r in records], array_of),
        alike([r.value_date for r in records], array_of),
        alike([_encode(r.metadata).decode() if r.metadata else "{}" for r in records], array_of_texts),
        alike([item.correlation_id for item in items], array_of_texts),
        alike([item.created_by for item in items], array_of_texts),
        alike([r.created_at for r in records], _array_of_moments),
        alike([r.completed_at for r in records], _array_of_moments),
    ]
    return each, often_alike


def insert_approvals(transaction: PipelinedTransaction, approvals: Sequence[ApprovalDraft]) -> None:
    if not approvals:
        return
    transaction.execute(
        _APPROVALS,
        rows_of(
            current_tenant_id(),
            [
                packed_new_ids(len(approvals)),
                packed_ids([approval.payment_id for approval in approvals]),
                packed_numbers("int8", [approval.debit_minor for approval in approvals]),
            ],
            [
                alike([approval.requester.name for approval in approvals], array_of_texts),
                alike([approval.requester.person for approval in approvals], array_of_texts),
            ],
        ),
    )


def insert_outbox_events(transaction: PipelinedTransaction, payments: Sequence[tuple[SubmitPayment, PaymentRecord]]) -> None:
    insert_events(transaction, [(f"payment.{record.status.lower()}", record.id, item.correlation_id) for item, record in payments])


def insert_events(transaction: PipelinedTransaction, events: Sequence[tuple[str, UUID, str]]) -> None:
    """Topic, payment and correlation id of each."""
    if not events:
        return
    topics, subjects, correlation_ids = zip(*events, strict=True)
    transaction.execute(
        _EVENTS,
        rows_of(
            current_tenant_id(),
            [packed_new_ids(len(events)), packed_ids(subjects)],
            [alike(topics, array_of), alike(correlation_ids, array_of_texts)],
        ),
    )


def usage_of(transaction: PipelinedTransaction, asked: Sequence[UsageKey], moment: datetime) -> list[UsageRow]:
    """What the accounts have used of the windows that hold this moment. The accounts' locks keep it still."""
    cursor = transaction.queue(_USAGE, _key_columns(asked, moment))
    return [
        UsageRow(
            key=UsageKey(account_id, payment_type, Window(kind)),
            used=Used(amount_minor + more_minor, count + more_count),
            unrecorded=Used(more_minor, more_count),
            counted_until=counted_until,
        )
        for account_id, payment_type, kind, amount_minor, count, more_minor, more_count, counted_until in cursor.fetchall()
    ]


def add_usage(transaction: PipelinedTransaction, usage: Sequence[UsageRow], moment: datetime) -> None:
    """Record `unrecorded` of each row. Under the locks under which it was read."""
    if not usage:
        return
    transaction.execute(
        _ADD_USAGE,
        [
            current_tenant_id(),
            packed_new_ids(len(usage)),
            *_key_columns([row.key for row in usage], moment),
            array_of(row.unrecorded.amount_minor for row in usage),
            array_of(row.unrecorded.count for row in usage),
            _array_of_moments([row.counted_until for row in usage]),
        ],
    )


def give_back_usage(transaction: PipelinedTransaction, payments: Sequence[tuple[UUID, str, datetime, int]]) -> None:
    """Take payments (debtor account, payment type, when they were taken, amount) out of what was recorded of their windows.

    Usage that was not recorded is told from the payments, and leaves out those that failed. A row that somebody made too
    small ends at nothing: it must not keep payments from ending. Under the debtors' locks.
    """
    if not payments:
        return
    accounts, types, moments, amounts = zip(*payments, strict=True)
    transaction.execute(
        _GIVE_BACK, [packed_ids(accounts), array_of_texts(types), _array_of_moments(moments), array_of(amounts), current_tenant_id()]
    )


def _key_columns(keys: Sequence[UsageKey], moment: datetime) -> list[str | bytes]:
    return [
        packed_ids([key.account_id for key in keys]),
        array_of_texts([key.counted_as for key in keys]),
        array_of(key.window.value for key in keys),
        _array_of_moments([key.window.start(moment) for key in keys]),
    ]


def _array_of_moments(moments: Sequence[datetime | None]) -> str:
    return array_of_texts([None if moment is None else moment.isoformat() for moment in moments])
