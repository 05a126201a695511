"""What the engine tells: the outbox."""

from events.models.outbox import OutboxEvent

__all__ = ["OutboxEvent"]
