"""The Idempotency-Key header (IETF httpapi draft): 1 to 255 visible ASCII characters."""

import re
from typing import Final

from django.http import HttpRequest

from payment_engine.errors import FieldError, Malformed

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


class IdempotencyKeyRequired(Malformed):
    """Requests that move money name themselves: send Idempotency-Key with a value of your own, such as a UUID."""

    code, title = "idempotency_key_required", "Idempotency key required"


class IdempotencyKeyInvalid(Malformed):
    """The Idempotency-Key is not 1 to 255 visible ASCII characters."""

    code, title = "idempotency_key_invalid", "Idempotency key invalid"


def optional_key(request: HttpRequest) -> str | None:
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if _KEY.fullmatch(key) is None:
        detail = "Idempotency-Key has 1 to 255 visible ASCII characters"
        raise IdempotencyKeyInvalid(detail, errors=[FieldError(pointer="Idempotency-Key", code="idempotency_key_invalid", detail=detail)])
    return str(key)


def required_key(request: HttpRequest) -> str:
    key = optional_key(request)
    if key is None:
        raise IdempotencyKeyRequired("send an Idempotency-Key header with a value of your own, such as a UUID")
    return key
