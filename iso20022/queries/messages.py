"""Messages of the tenant in context."""

from uuid import UUID

from iso20022.errors import MessageUnknown, ReportNotReady
from iso20022.models import Message


def message_by_id(message_id: UUID) -> Message:
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        raise MessageUnknown("there is no such message")
    return message


def report_of(message: Message) -> Message:
    """The message that answers this one. Raises ReportNotReady before it is through, MessageUnknown for one that is never answered."""
    report = Message.objects.filter(answers=message).order_by("-created_at", "-id").first()
    if report is not None:
        return report
    if message.direction == Message.Direction.IN and not message.is_final:
        raise ReportNotReady(f"{message.processed} of {message.total} transactions are processed")
    raise MessageUnknown("this message has no report")
