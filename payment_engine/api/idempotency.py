"""The Idempotency-Key header (IETF httpapi draft): 1 to 255 visible ASCII characters, and what makes two bodies equal."""

import hashlib
import re
from decimal import Decimal, DecimalException
from typing import Final

import msgspec
from django.http import HttpRequest

from payment_engine.api.amounts import AmountInput
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


def fingerprint(operation: str, meaning: object) -> bytes:
    """SHA-256 of an operation and what its body means: member order and the spelling of amounts (10, "10.00") don't count."""
    return hashlib.sha256(operation.encode() + b"\0" + _encoder.encode(meaning)).digest()


def _meaning(value: object) -> object:
    if isinstance(value, Decimal):  # a number within JSON that is the caller's own business
        return float(value)
    if not isinstance(value, AmountInput):
        raise NotImplementedError(f"no rule to compare {type(value)!r} by meaning")
    try:
        return str(Decimal(value.text).normalize())
    except DecimalException:  # no number, or one beyond every exponent
        return value.text


_encoder: Final = msgspec.json.Encoder(enc_hook=_meaning, order="sorted")
