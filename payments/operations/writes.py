"""The set-wise statements of the posting core, apart from the ledger's own: `unnest` arrays in, one statement each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from accounts.ledger.sql import array_of, array_of_bytes, array_of_ids, array_of_new_ids, array_of_texts
from payments.values import Answer, PaymentRecord, SubmitPayment
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_encode: Final = msgspec.json.Encoder().encode

_KEPT: Final = "SELECT key, fingerprint, response_status, response_body FROM idempotency_keys WHERE key = ANY (%s::text[])"
_ANSWERS: Final = """
INSERT INTO idempotency_keys (id, tenant_id, key, fingerprint, response_status, response_body)
SELECT k.id, %s, k.key, k.fingerprint, k.status, k.body
FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::int2[], %s::text[]) AS k(id, key, fingerprint, status, body)"""
_PAYMENTS: Final = """
INSERT INTO transactions (id, tenant_id, payment_type, payment_type_version, config_version, status, reason_code, reason,
    debtor_account_id, creditor_account_id, amount_minor, currency, fee_minor, reversed_minor, reference, end_to_end_id, uetr,
    remittance_information, requested_execution_date, value_date, metadata, idempotency_key, message_id, journal_id,
    correlation_id, created_by, created_at, completed_at)
SELECT p.id, %s, p.payment_type, p.payment_type_version, p.config_version, p.status, p.reason_code, p.reason,
    p.debtor_account_id, p.creditor_account_id, p.amount_minor, p.currency, p.fee_minor, 0, p.reference, p.end_to_end_id, p.uetr,
    p.remittance_information, p.requested_execution_date, p.value_date, p.metadata, p.idempotency_key, p.message_id, p.journal_id,
    p.correlation_id, p.created_by, now(), CASE WHEN p.journal_id IS NULL THEN NULL ELSE now() END
FROM unnest(%s::uuid[], %s::text[], %s::int4[], %s::int4[], %s::text[], %s::text[], %s::text[],
    %s::uuid[], %s::uuid[], %s::int8[], %s::text[], %s::int8[], %s::text[], %s::text[], %s::uuid[],
    %s::text[], %s::date[], %s::date[], %s::jsonb[], %s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
    AS p(id, payment_type, payment_type_version, config_version, status, reason_code, reason,
    debtor_account_id, creditor_account_id, amount_minor, currency, fee_minor, reference, end_to_end_id, uetr,
    remittance_information, requested_execution_date, value_date, metadata, idempotency_key, message_id, journal_id,
    correlation_id, created_by)"""
_EVENTS: Final = """
INSERT INTO outbox_events (id, tenant_id, topic, subject_id, payload, correlation_id)
SELECT e.id, %s, e.topic, e.subject_id, '{}', e.correlation_id
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) AS e(id, topic, subject_id, correlation_id)"""
_USAGE: Final = """
SELECT account_id, payment_type, amount_minor FROM limit_usages
WHERE account_id = ANY (%s::uuid[]) AND payment_type = ANY (%s::text[]) AND day = %s"""
_ADD_USAGE: Final = """
INSERT INTO limit_usages AS u (id, tenant_id, account_id, payment_type, day, amount_minor, count)
SELECT n.id, %s, n.account_id, n.payment_type, %s, n.amount_minor, n.count
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int8[], %s::int4[]) AS n(id, account_id, payment_type, amount_minor, count)
ON CONFLICT (tenant_id, account_id, payment_type, day)
DO UPDATE SET amount_minor = u.amount_minor + excluded.amount_minor, count = u.count + excluded.count"""


def queue_kept_answers(transaction: PipelinedTransaction, keys: Sequence[str]) -> Callable[[], dict[str, tuple[bytes, Answer]]]:
    """Ask for the answers kept with these keys; call the result to read them, after everything queued before."""
    if not keys:
        return dict
    cursor = transaction.queue(_KEPT, [array_of_texts(keys)])
    return lambda: {key: (bytes(fingerprint), Answer(status=status, body=body)) for key, fingerprint, status, body in cursor.fetchall()}


def insert_answers(transaction: PipelinedTransaction, answers: Sequence[tuple[str, bytes, Answer]]) -> None:
    """Keep answers with their keys, in key order: two batches that share keys wait for one another, they never deadlock."""
    if not answers:
        return
    ordered = sorted(answers, key=lambda answer: answer[0])
    transaction.execute(
        _ANSWERS,
        [
            current_tenant_id(),
            array_of_new_ids(len(ordered)),
            array_of_texts([key for key, _, _ in ordered]),
            array_of_bytes(fingerprint for _, fingerprint, _ in ordered),
            array_of(answer.status for _, _, answer in ordered),
            array_of_texts([answer.body for _, _, answer in ordered]),
        ],
    )


def insert_payments(transaction: PipelinedTransaction, payments: Sequence[tuple[SubmitPayment, PaymentRecord]]) -> None:
    if not payments:
        return
    records = [record for _, record in payments]
    transaction.execute(
        _PAYMENTS,
        [
            current_tenant_id(),
            array_of_ids(r.id for r in records),
            array_of_texts([r.payment_type for r in records]),
            array_of(r.payment_type_version for r in records),
            array_of(r.config_version for r in records),
            array_of(r.status.value for r in records),
            array_of_texts([r.reason_code for r in records]),
            array_of_texts([r.reason for r in records]),
            array_of_ids(r.debtor_account_id for r in records),
            array_of_ids(r.creditor_account_id for r in records),
            array_of(r.amount_minor for r in records),
            array_of(r.currency for r in records),
            array_of(r.fee_minor for r in records),
            array_of_texts([r.reference for r in records]),
            array_of_texts([r.end_to_end_id for r in records]),
            array_of_ids(r.uetr for r in records),
            array_of_texts([r.remittance_information for r in records]),
            array_of(r.requested_execution_date for r in records),
            array_of(r.value_date for r in records),
            array_of_texts([_encode(r.metadata).decode() for r in records]),
            array_of_texts([item.idempotency.key if item.idempotency else None for item, _ in payments]),
            array_of_ids(r.message_id for r in records),
            array_of_ids(r.journal_id for r in records),
            array_of_texts([item.correlation_id for item, _ in payments]),
            array_of_texts([item.created_by for item, _ in payments]),
        ],
    )


def insert_outbox_events(transaction: PipelinedTransaction, payments: Sequence[tuple[SubmitPayment, PaymentRecord]]) -> None:
    if not payments:
        return
    transaction.execute(
        _EVENTS,
        [
            current_tenant_id(),
            array_of_new_ids(len(payments)),
            array_of(f"payment.{record.status.value.lower()}" for _, record in payments),
            array_of_ids(record.id for _, record in payments),
            array_of_texts([item.correlation_id for item, _ in payments]),
        ],
    )


def usage_of(
    transaction: PipelinedTransaction, accounts: Collection[UUID], payment_types: Collection[str], day: date
) -> dict[tuple[UUID, str], int]:
    """Minor units used on the day, by account and payment type. The accounts' locks keep it still."""
    cursor = transaction.queue(_USAGE, [array_of_ids(accounts), array_of_texts(list(payment_types)), day])
    return {(account_id, payment_type): amount_minor for account_id, payment_type, amount_minor in cursor.fetchall()}


def add_usage(transaction: PipelinedTransaction, usage: Mapping[tuple[UUID, str], tuple[int, int]], day: date) -> None:
    if not usage:
        return
    transaction.execute(
        _ADD_USAGE,
        [
            current_tenant_id(),
            day,
            array_of_new_ids(len(usage)),
            array_of_ids(account_id for account_id, _ in usage),
            array_of_texts([payment_type for _, payment_type in usage]),
            array_of(amount for amount, _ in usage.values()),
            array_of(count for _, count in usage.values()),
        ],
    )
