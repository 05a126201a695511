"""Idempotency for operations that are not payments: the claim, the change and the stored answer are one transaction."""

import hmac
from collections.abc import Callable

from django.db import IntegrityError, transaction

from events.answers import Answer
from events.errors import IdempotencyKeyReused
from events.models import IdempotencyKey
from payment_engine.errors import EngineError
from tenants.context import current_scope
from tenants.models import PlatformIdempotencyKey


def answer_once(*, key: str, fingerprint: bytes, act: Callable[[], Answer], refuse: Callable[[EngineError], Answer]) -> tuple[Answer, bool]:
    """`act` at most once per key; returns the answer and whether it is a stored one.

    Runs `act` in a transaction with the stored answer. A business refusal it raises (EngineError with 404, 409, 422 or
    423) undoes what it did and is stored as `refuse` words it. Another body with the key raises IdempotencyKeyReused.
    Keys are the tenant's in context; where there is none, the platform's.
    """
    kept = _kept(key, fingerprint)
    if kept is not None:
        return kept, True
    try:
        with transaction.atomic():
            answer = _act(act, refuse)
            _answers().objects.create(key=key, fingerprint=fingerprint, response_status=answer.status, response_body=answer.body)
    except IntegrityError:
        kept = _kept(key, fingerprint)  # a twin was faster: its answer is ours
        if kept is None:
            raise
        return kept, True
    return answer, False


def _answers() -> type[IdempotencyKey | PlatformIdempotencyKey]:
    scope = current_scope()
    return PlatformIdempotencyKey if scope is None or scope.tenant_id is None else IdempotencyKey


def _act(act: Callable[[], Answer], refuse: Callable[[EngineError], Answer]) -> Answer:
    try:
        with transaction.atomic():
            return act()
    except EngineError as error:
        if error.status not in {404, 409, 422, 423}:
            raise
        return refuse(error)


def _kept(key: str, fingerprint: bytes) -> Answer | None:
    row = _answers().objects.filter(key=key).values_list("fingerprint", "response_status", "response_body").first()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row[0]), fingerprint):
        raise IdempotencyKeyReused("this Idempotency-Key was used with another body")
    return Answer(status=row[1], body=row[2])
