"""Signing in to the portal: every failure is logged, and passwords can't be tried one after the other for long."""

import logging
from hashlib import sha256
from typing import Any, Final

import redis
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AuthenticationForm

from payment_engine.redis import redis_client

WINDOW_SECONDS: Final = 300
FROM_ONE_ADDRESS: Final = 10
FROM_ALL_ADDRESSES: Final = 100
"""Failures of one user name in a window. The first bound is low; the second keeps many addresses from making up for it, and is high
enough that nobody is locked out by one who knows the user name alone."""
_log: Final = logging.getLogger(__name__)


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # unfold is untyped
    """As Django's, with failures counted in Valkey. Without Valkey nobody is kept out; failures are logged all the same."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        attempts = _Attempts(self.cleaned_data.get("username") or "", str(self.request.META.get("REMOTE_ADDR", "")))
        if attempts.are_too_many():
            _log.warning("sign-in refused: too many failures", extra=attempts.context)
            raise ValidationError(f"There were too many attempts to sign in. Try again in {WINDOW_SECONDS // 60} minutes.", code="too_many")
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            attempts.count()
            _log.warning("sign-in failed", extra=attempts.context)
            raise
        attempts.forget()
        return cleaned


class _Attempts:
    """Failures of one user name, in all and from one address. Names are hashed: people type passwords where names belong."""

    def __init__(self, username: str, address: str) -> None:
        name = sha256(username.casefold().encode()).hexdigest()[:16]
        self.context = {"user_name_hash": name, "address": address}
        self._limits = {f"sign-in:{name}:{address}": FROM_ONE_ADDRESS, f"sign-in:{name}": FROM_ALL_ADDRESSES}

    def are_too_many(self) -> bool:
        try:
            counts = redis_client().mget(list(self._limits))
        except redis.RedisError:
            return False
        return any(int(count or 0) >= limit for count, limit in zip(counts, self._limits.values(), strict=True))

    def count(self) -> None:
        """The window begins with the first failure."""
        try:
            with redis_client().pipeline() as pipeline:
                for key in self._limits:
                    pipeline.incr(key)
                    pipeline.expire(key, WINDOW_SECONDS, nx=True)
                pipeline.execute()
        except redis.RedisError:
            _log.warning("failures to sign in are not counted: no connection to Valkey")

    def forget(self) -> None:
        try:
            redis_client().delete(*self._limits)
        except redis.RedisError:
            _log.warning("failures to sign in are not counted: no connection to Valkey")
