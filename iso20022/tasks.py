"""Background work on messages. PostgreSQL says which are due; a task only makes it fast."""

from uuid import UUID

from celery import shared_task

from iso20022.operations.resume import resume_message


@shared_task(name="iso20022.tasks.finish_message")
def finish_message(message_id: str) -> int:
    """Finish a long file that its request handed over."""
    return resume_message(UUID(message_id))
