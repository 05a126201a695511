"""Following the payments of a message that were not final when it was reported on: waiting, reserved, on their way.

Once all of them are final the message gets a second report, which tells the end of each. Until then it is looked at again,
ever more seldom as it gets older: an approval may take days.
"""

from datetime import timedelta
from typing import Final

from django.db import connection, transaction

from events.models import OutboxEvent
from iso20022.models import Message
from iso20022.operations.receiving import read_to_book
from iso20022.operations.reporting import keep_report, report_on
from iso20022.queries.documents import document_file
from iso20022.queries.transactions import UNDER_WAY, has_payments_under_way
from iso20022.reasons import reason_code_of_ending
from payment_engine.clock import now
from payments.states import ISO_STATUS, PaymentStatus
from tenants.context import current_tenant_id

_SOONEST: Final = timedelta(seconds=1)
_LATEST: Final = timedelta(minutes=5)
_REFUSED: Final = "RJCT"
_MOVED: Final = """
SELECT r.id, t.status, t.reason_code, t.reason FROM iso20022_message_transactions r JOIN transactions t ON t.id = r.payment_id
WHERE r.tenant_id = %s AND r.message_id = %s AND r.status = ANY (%s)"""
_MOVE: Final = """
UPDATE iso20022_message_transactions r SET status = g.status, reason_code = g.reason_code, reason = g.reason
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS g(id, status, reason_code, reason)
WHERE r.id = g.id AND r.tenant_id = %s"""


@transaction.atomic
def follow_payments() -> int:
    """A round of the sweeper: look after one message of the tenant in context that is due; 1 if it got its second report."""
    message = (
        Message.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(next_attempt_at__lte=now(), status=Message.Status.COMPLETED)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if message is None:
        return 0
    refused = _take_over(message)
    message.accepted -= refused
    message.rejected += refused
    if has_payments_under_way(message):
        message.next_attempt_at = now() + max(_SOONEST, min(_LATEST, (now() - message.created_at) / 10))
        message.save(update_fields=["accepted", "rejected", "next_attempt_at"])
        return 0
    _report_again(message)
    return 1


def _take_over(message: Message) -> int:
    """What became of its payments meanwhile, into its rows; how many of them were refused."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [current_tenant_id(), message.id, sorted(UNDER_WAY)])
        rows = cursor.fetchall()
        endings = [_ending(*row) for row in rows]
        columns = [list(column) for column in zip(*endings, strict=True)] or [[], [], [], []]
        cursor.execute(_MOVE, [*columns, current_tenant_id()])
    return sum(status == _REFUSED for _, status, _, _ in endings)


def _ending(row_id: object, status: str, reason_code: str | None, reason: str | None) -> tuple[object, str, str | None, str | None]:
    iso_status = ISO_STATUS[PaymentStatus(status)]
    code = reason_code_of_ending(reason_code) if iso_status in {_REFUSED, "CANC"} else None
    return row_id, iso_status, code, reason if code else None


def _report_again(message: Message) -> None:
    with document_file(message) as source:
        reading = read_to_book(source, day=message.created_at.date())
        report = report_on(message, reading)
    keep_report(message, report)
    message.group_status = report.group_status
    message.next_attempt_at = None
    message.save(update_fields=["accepted", "rejected", "group_status", "next_attempt_at"])
    OutboxEvent.objects.create(topic="message.settled", subject_id=message.id, correlation_id=message.correlation_id)
