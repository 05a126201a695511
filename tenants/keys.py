"""The keys that sign and verify access tokens, as each process knows them.

The ring is re-read from the database every five seconds, so a rotation reaches every process within that time, and once
more (at most once a second) for a key id it does not know. Private keys are stored encrypted with a key derived from
DJANGO_SECRET_KEY; DJANGO_SECRET_KEY_FALLBACKS can still read them. One that can't be read any more only verifies.
"""

import base64
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from jwt.algorithms import RSAAlgorithm

from payment_engine.clock import now
from tenants.context import use
from tenants.database.on_loop import off_loop
from tenants.models import SigningKey

RENEWAL_SECONDS: Final = 4.0
STALENESS_SECONDS: Final = 5.0
UNKNOWN_KEY_PAUSE_SECONDS: Final = 1.0
LEEWAY_SECONDS: Final = 5
KEY_BITS: Final = 2048
KEYS_KNOWN: Final = 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPair:
    kid: str
    private: RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """What verifies, by key id, and what signs (None before the first key is made)."""

    public: Mapping[str, RSAPublicKey]
    signing: SigningPair | None
    read_at: float


_lock = threading.Lock()
_ring: KeyRing | None = None


def key_ring() -> KeyRing:
    """The keys, at most five seconds old. One request reads them anew before that; those beside it don't wait for it."""
    ring = _ring
    if ring is not None and time.monotonic() - ring.read_at < (STALENESS_SECONDS if _lock.locked() else RENEWAL_SECONDS):
        return ring
    return off_loop(_refresh, older_than=RENEWAL_SECONDS)


def public_key(kid: str) -> RSAPublicKey | None:
    """The key with this id. An unknown id re-reads the ring once, so a key made a moment ago in another process works."""
    found = key_ring().public.get(kid)
    return found if found is not None else off_loop(_refresh, older_than=UNKNOWN_KEY_PAUSE_SECONDS).public.get(kid)


def forget() -> None:
    """Drop the ring: the next look-up in this process reads the database."""
    global _ring  # noqa: PLW0603  # one ring per process is the point
    _ring = None


def jwk_set() -> dict[str, list[dict[str, Any]]]:
    """RFC 7517: the public keys other services verify our tokens with."""
    return {"keys": [_jwk(kid, key) for kid, key in key_ring().public.items()]}


def new_signing_key() -> SigningKey:
    """A fresh key pair, not stored yet. Its id is the RFC 7638 thumbprint of the public key."""
    private = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key()
    public_pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(kid=_thumbprint(public), private_key=_cipher().encrypt(pem).decode(), public_key=public_pem.decode())


def _refresh(*, older_than: float) -> KeyRing:
    global _ring  # noqa: PLW0603
    with _lock:
        if _ring is None or time.monotonic() - _ring.read_at >= older_than:
            _ring = _load()
        return _ring


def _load() -> KeyRing:
    """The ring as the database has it."""
    with use(None):  # the keys belong to no tenant
        rows = list(SigningKey.objects.order_by("-created_at", "kid"))
    still_verifies = now() - timedelta(seconds=settings.ACCESS_TOKEN_LIFETIME_SECONDS + LEEWAY_SECONDS)
    live = [row for row in rows if row.retired_at is None or row.retired_at > still_verifies]
    signing = (pair for row in live if row.retired_at is None and (pair := _pair(row)) is not None)
    return KeyRing(public={row.kid: _public(row.public_key) for row in live}, signing=next(signing, None), read_at=time.monotonic())


def _pair(row: SigningKey) -> SigningPair | None:
    try:
        pem = _cipher().decrypt(row.private_key.encode())
    except InvalidToken:
        _log.warning("signing key can't be read with this DJANGO_SECRET_KEY; it only verifies", extra={"kid": row.kid})
        return None
    return SigningPair(kid=row.kid, private=_private(pem))


@lru_cache(maxsize=KEYS_KNOWN)
def _public(pem: str) -> RSAPublicKey:
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey), "signing keys are RSA keys"  # noqa: S101  # we made it
    return key


@lru_cache(maxsize=KEYS_KNOWN)
def _private(pem: bytes) -> RSAPrivateKey:
    """Parsed once: it takes 50 ms in which nothing else runs in this process."""
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey), "signing keys are RSA keys"  # noqa: S101  # we made it
    return key


def _cipher() -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"payment-engine signing keys").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _jwk(kid: str, key: RSAPublicKey) -> dict[str, Any]:
    return {**_jwk_members(key), "kid": kid, "use": "sig", "alg": settings.ACCESS_TOKEN_ALGORITHM}


def _jwk_members(key: RSAPublicKey) -> dict[str, str]:
    document = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {member: str(document[member]) for member in ("e", "kty", "n")}


def _thumbprint(key: RSAPublicKey) -> str:
    members = _jwk_members(key)
    canonical = '{"e":"%s","kty":"%s","n":"%s"}' % (members["e"], members["kty"], members["n"])  # noqa: UP031  # braces
    digest = hashes.Hash(hashes.SHA256())
    digest.update(canonical.encode())
    return base64.urlsafe_b64encode(digest.finalize()).rstrip(b"=").decode()
