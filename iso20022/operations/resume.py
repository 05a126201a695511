"""Finishing messages that a process left half done."""

import logging
from typing import Final
from uuid import UUID

from django.db import transaction

from iso20022.errors import EmittedMessageInvalid
from iso20022.models import Message
from iso20022.operations.processing import LEASE, process_message
from iso20022.operations.receiving import read_to_book
from iso20022.queries.documents import document_file
from payment_engine.clock import now
from payment_engine.errors import EngineError

_log: Final = logging.getLogger(__name__)


def resume_messages() -> int:
    """Finish one message of the tenant in context whose lease has run out; returns how many transfers were processed."""
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(next_attempt_at__lte=now(), status__in=[Message.Status.RECEIVED, Message.Status.PROCESSING])
            .order_by("next_attempt_at", "id")
            .first()
        )
        if message is None:
            return 0
        Message.objects.filter(id=message.id).update(next_attempt_at=now() + LEASE)
    try:
        return resume_message(message.id)
    except (EngineError, EmittedMessageInvalid):
        _log.exception("a message could not be finished; it stays due", extra={"message_id": message.public_id})
        return 0


def resume_message(message_id: UUID) -> int:
    """Go on where the last process stopped; nothing to do if the message is final. Returns how many transfers were processed."""
    message = Message.objects.get(id=message_id)
    if message.is_final:
        return 0
    with document_file(message) as source:
        reading = read_to_book(source, day=message.created_at.date())
        finished = process_message(message_id=message.id, reading=reading)
    return finished.processed - message.processed
