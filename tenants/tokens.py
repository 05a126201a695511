"""Access tokens: JWTs of RFC 9068, signed here and verified here, without a query once a token was seen.

A verified token is remembered under its SHA-256 until it expires. What can change meanwhile (the client, the tenant, a
key that was withdrawn) is asked again on every request, from caches of a few seconds.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import jwt
from django.conf import settings

from payment_engine.api.errors import NotAuthenticated
from tenants import keys
from tenants.operations.keys import ensure_signing_key

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  # RFC 9068 §2.1
MAX_TOKEN_LENGTH: Final = 8192
MAX_REMEMBERED: Final = 10_000
_REQUIRED: Final = ("iss", "aud", "sub", "client_id", "jti", "iat", "exp", "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says. `tenant` is None for a client of the platform."""

    client_id: str
    tenant: str | None
    scopes: frozenset[str]
    token_id: str
    issued_at: float
    expires_at: float
    kid: str


def issue_access_token(*, client_id: str, tenant: str | None, scopes: Iterable[str], lifetime_seconds: int) -> str:
    """A signed token. The caller has checked that the client may have these scopes; the first token makes the first key."""
    pair = ensure_signing_key()
    issued_at = int(time.time())
    claims: dict[str, Any] = {
        "iss": settings.ACCESS_TOKEN_ISSUER,
        "aud": settings.ACCESS_TOKEN_AUDIENCE,
        "sub": client_id,
        "client_id": client_id,
        "jti": secrets.token_urlsafe(16),
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
        "scope": " ".join(sorted(scopes)),
    }
    if tenant is not None:
        claims["tenant"] = tenant
    return jwt.encode(claims, pair.private, algorithm=settings.ACCESS_TOKEN_ALGORITHM, headers={"typ": TOKEN_TYPE, "kid": pair.kid})


def verify_access_token(text: str) -> Claims:
    """The claims of a token that is ours, unaltered and not expired; raises NotAuthenticated for everything else."""
    if len(text) > MAX_TOKEN_LENGTH or not text.isascii():
        raise refused("the access token is malformed")
    digest = hashlib.sha256(text.encode("ascii")).digest()
    claims = _remembered(digest)
    if claims is not None and claims.expires_at + keys.LEEWAY_SECONDS > time.time() and claims.kid in keys.key_ring().public:
        return claims
    claims = _claims(text)
    _remember(digest, claims)
    return claims


def forget() -> None:
    """Drop the remembered tokens: the next request of each verifies its signature again."""
    with _lock:
        _verified.clear()


def refused(reason: str) -> NotAuthenticated:
    """The 401 of RFC 6750 §3.1 for a token that was sent but is no good."""
    challenge = f'Bearer realm="payment-engine", error="invalid_token", error_description="{reason}"'
    return NotAuthenticated(reason, headers={"WWW-Authenticate": challenge})


_lock = threading.Lock()
_verified: OrderedDict[bytes, Claims] = OrderedDict()


def _remembered(digest: bytes) -> Claims | None:
    with _lock:
        claims = _verified.get(digest)
        if claims is not None:
            _verified.move_to_end(digest)
        return claims


def _remember(digest: bytes, claims: Claims) -> None:
    with _lock:
        _verified[digest] = claims
        while len(_verified) > MAX_REMEMBERED:
            _verified.popitem(last=False)


def _claims(text: str) -> Claims:
    kid = _key_id(text)
    key = keys.public_key(kid)
    if key is None:
        raise refused("the access token is signed with an unknown key")
    try:
        payload = jwt.decode(
            text,
            key,
            algorithms=[settings.ACCESS_TOKEN_ALGORITHM],
            audience=settings.ACCESS_TOKEN_AUDIENCE,
            issuer=settings.ACCESS_TOKEN_ISSUER,
            leeway=keys.LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
    except jwt.ExpiredSignatureError:
        raise refused("the access token has expired") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise refused("the access token is not valid") from None
    return _read(payload, kid)


def _key_id(text: str) -> str:
    """The `kid` of the header, once the header is one we could have written: no other type, algorithm or extension."""
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise refused("the access token is malformed") from None
    kid, ours = header.get("kid"), (TOKEN_TYPE, settings.ACCESS_TOKEN_ALGORITHM)
    if (header.get("typ"), header.get("alg")) != ours or "crit" in header or not isinstance(kid, str):
        raise refused("this is not one of our access tokens")
    return kid


def _read(payload: dict[str, Any], kid: str) -> Claims:
    client_id, tenant, scope, token_id = payload["client_id"], payload.get("tenant"), payload["scope"], payload["jti"]
    texts = (client_id, scope, token_id, tenant if "tenant" in payload else "")
    if not all(isinstance(text, str) for text in texts) or payload["sub"] != client_id:
        raise refused("the access token is not valid")
    return Claims(
        client_id=client_id,
        tenant=tenant,
        scopes=frozenset(scope.split()),
        token_id=token_id,
        issued_at=float(payload["iat"]),
        expires_at=float(payload["exp"]),
        kid=kid,
    )
