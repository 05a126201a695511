"""Making, rotating and withdrawing the keys that sign access tokens."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

from payment_engine.clock import now
from tenants import keys
from tenants.context import use
from tenants.models import SigningKey

_LOCK: Final = 0x5369676E4B657973  # "SignKeys" in ASCII: one process at a time makes or retires keys
_log = logging.getLogger(__name__)


def ensure_signing_key() -> keys.SigningPair:
    """The key that signs now; made if there is none this process can use. Processes that start together make one."""
    if (signing := keys.key_ring().signing) is not None:
        return signing
    with _alone():
        keys.forget()
        if keys.key_ring().signing is None:
            _store_new_key()
            keys.forget()
        return _current_pair()


def rotate_signing_key(*, retire_now: bool = False) -> str:
    """Make a new key and sign with it; returns its id. The old ones verify until their last token has expired.

    With `retire_now` (a private key got out) the old ones are deleted: their tokens are refused within five seconds.
    """
    with _alone():
        old = SigningKey.objects.filter(retired_at__isnull=True) if not retire_now else SigningKey.objects.all()
        retired = list(old.values_list("kid", flat=True))
        if retire_now:
            old.delete()
        else:
            old.update(retired_at=now())
        kid = _store_new_key()
    keys.forget()
    _log.warning("signing key rotated", extra={"kid": kid, "retired": retired, "retire_now": retire_now})
    return kid


def _store_new_key() -> str:
    key = keys.new_signing_key()
    key.save(force_insert=True)
    return key.kid


def _current_pair() -> keys.SigningPair:
    signing = keys.key_ring().signing
    assert signing is not None, "a key was stored in this transaction"  # noqa: S101  # ours or the lock holder's before us
    return signing


@contextmanager
def _alone() -> Iterator[None]:
    with use(None), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield
