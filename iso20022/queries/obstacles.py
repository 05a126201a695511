"""Messages that are not answered."""

from config_mgmt.obstacles import counted
from iso20022.models import Message


def messages_being_worked_on() -> list[str]:
    unanswered = Message.objects.exclude(status__in=[Message.Status.COMPLETED, Message.Status.REJECTED])
    return counted(unanswered.count(), "message is being worked on", "messages are being worked on")
