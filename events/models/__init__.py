"""What the engine tells (the outbox) and what it has answered (idempotency keys)."""

from events.models.idempotency import IdempotencyKey
from events.models.outbox import OutboxEvent

__all__ = ["IdempotencyKey", "OutboxEvent"]
