"""What a caller can be told about requests that came before."""

from payment_engine.errors import EngineError


class IdempotencyKeyReused(EngineError):
    """The Idempotency-Key was used before, with another body or for another operation. Choose a new key."""

    code, status, title = "idempotency_key_reused", 422, "Idempotency key reused"
