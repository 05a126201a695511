"""What an access token is, and the long list of what is not one."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings
from pytest_django.fixtures import Settings

from payment_engine.api.errors import NotAuthenticated
from tenants import keys, tokens
from tenants.operations.keys import ensure_signing_key
from tenants.tokens import issue_access_token, verify_access_token

pytestmark = pytest.mark.django_db

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


def issue(**changes: Any) -> str:
    given: dict[str, Any] = {
        "client_id": "cli_1",
        "tenant": "alpha-bank",
        "scopes": ["payments:read", "accounts:read"],
        "lifetime_seconds": 60,
    }
    return issue_access_token(**{**given, **changes})


def good_claims(**changes: Any) -> dict[str, Any]:
    at = int(time.time())
    claims = {"iss": settings.ACCESS_TOKEN_ISSUER, "aud": settings.ACCESS_TOKEN_AUDIENCE, "sub": "cli_1", "client_id": "cli_1", "jti": "j",
              "iat": at, "exp": at + 60, "scope": "payments:read", "tenant": "alpha-bank"}  # fmt: skip
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def signed(claims: dict[str, Any] | None = None, *, key: Any = None, algorithm: str = "RS256", **header: Any) -> str:
    pair = ensure_signing_key()
    headers = {name: value for name, value in {"typ": "at+jwt", "kid": pair.kid, **header}.items() if value is not ...}
    return jwt.encode(claims or good_claims(), key or pair.private, algorithm=algorithm, headers=headers)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(header: object, payload: object, signature: bytes = b"x") -> str:
    return ".".join((b64(json.dumps(header).encode()), b64(json.dumps(payload).encode()), b64(signature)))


def public_pem() -> bytes:
    public = ensure_signing_key().private.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hmac_signed(secret: bytes, **header: Any) -> str:
    """HS256 with something public as the key: the classic confusion of algorithms. PyJWT itself refuses to make it."""
    head = {"alg": "HS256", "typ": "at+jwt", "kid": ensure_signing_key().kid, **header}
    body = b64(json.dumps(head).encode()) + "." + b64(json.dumps(good_claims()).encode())
    return body + "." + b64(hmac.new(secret, body.encode(), hashlib.sha256).digest())


def spliced(**changes: Any) -> str:
    """A valid token whose payload was changed afterwards."""
    header, _, signature = signed().split(".")
    return f"{header}.{b64(json.dumps(good_claims(**changes)).encode())}.{signature}"


def test_a_token_says_what_rfc_9068_asks() -> None:
    token = issue()
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "at+jwt", "kid": ensure_signing_key().kid}
    payload = jwt.decode(token, options={"verify_signature": False})
    assert payload.keys() == {"iss", "aud", "sub", "client_id", "jti", "iat", "exp", "scope", "tenant"}
    assert payload["sub"] == payload["client_id"] == "cli_1"
    assert payload["exp"] - payload["iat"] == 60


def test_verify_reads_back_what_was_issued() -> None:
    claims = verify_access_token(issue())
    assert (claims.client_id, claims.tenant, claims.scopes) == ("cli_1", "alpha-bank", frozenset({"payments:read", "accounts:read"}))


def test_a_platform_token_names_no_tenant() -> None:
    token = issue(tenant=None)
    assert "tenant" not in jwt.decode(token, options={"verify_signature": False})
    assert verify_access_token(token).tenant is None


def test_ps256_by_setting(settings: Settings) -> None:
    before = issue()
    settings.ACCESS_TOKEN_ALGORITHM = "PS256"
    token = issue()
    assert jwt.get_unverified_header(token)["alg"] == "PS256"
    assert verify_access_token(token).client_id == "cli_1"
    with pytest.raises(NotAuthenticated):
        verify_access_token(before)


def test_five_seconds_of_clock_difference_are_forgiven() -> None:
    at = int(time.time())
    assert verify_access_token(signed(good_claims(exp=at - 3))).client_id == "cli_1"
    assert verify_access_token(signed(good_claims(iat=at + 3))).client_id == "cli_1"


BAD: dict[str, Callable[[], str]] = {
    # not a token at all
    "empty": lambda: "",
    "garbage": lambda: "garbage",
    "two_dots": lambda: "..",
    "three_words": lambda: "not.a.token",
    "four_parts": lambda: signed() + ".x",
    "two_parts": lambda: ".".join(signed().split(".")[:2]),
    "not_ascii": lambda: "é" * 20,
    "nul_bytes": lambda: "\x00.\x00.\x00",
    "surrogate": lambda: "\ud800.a.b",
    "too_long": lambda: "a" * 8193,
    "leading_space": lambda: " " + signed(),
    "newline_inside": lambda: signed().replace(".", ".\n", 1),
    "header_not_json": lambda: b64(b"{") + "." + b64(b"{}") + "." + b64(b"x"),
    "header_is_list": lambda: raw([], {}),
    "header_is_number": lambda: raw(1, {}),
    "header_is_null": lambda: raw(None, {}),
    "header_is_deep": lambda: b64(b"[" * 4000) + ".e30.eA",
    "payload_is_list": lambda: jwt.api_jws.encode(
        b"[]", ensure_signing_key().private, "RS256", {"typ": "at+jwt", "kid": ensure_signing_key().kid}
    ),
    "payload_not_json": lambda: jwt.api_jws.encode(
        b"{", ensure_signing_key().private, "RS256", {"typ": "at+jwt", "kid": ensure_signing_key().kid}
    ),
    # algorithms
    "alg_none": lambda: raw({"alg": "none", "typ": "at+jwt", "kid": ensure_signing_key().kid}, good_claims(), b""),
    "alg_none_capital": lambda: raw({"alg": "None", "typ": "at+jwt", "kid": ensure_signing_key().kid}, good_claims(), b""),
    "alg_missing": lambda: raw({"typ": "at+jwt", "kid": ensure_signing_key().kid}, good_claims()),
    "alg_is_list": lambda: raw({"alg": ["RS256"], "typ": "at+jwt", "kid": ensure_signing_key().kid}, good_claims()),
    "hs256_with_public_pem": lambda: hmac_signed(public_pem()),
    "hs256_with_secret_key": lambda: hmac_signed(settings.SECRET_KEY.encode()),
    "hs256_with_empty_key": lambda: hmac_signed(b""),
    "hs256_said_to_be_rs256": lambda: hmac_signed(public_pem(), alg="RS256"),
    "rs512_with_our_key": lambda: signed(algorithm="RS512"),
    "ps256_when_rs256_is_set": lambda: signed(algorithm="PS256"),
    "es256": lambda: signed(key=ELLIPTIC, algorithm="ES256"),
    # keys
    "foreign_key_our_kid": lambda: signed(key=STRANGER),
    "foreign_key_unknown_kid": lambda: signed(key=STRANGER, kid="stranger"),
    "kid_missing": lambda: signed(kid=...),
    "kid_is_empty": lambda: signed(kid=""),
    "kid_is_a_path": lambda: signed(kid="../../../dev/null"),
    "kid_is_sql": lambda: signed(kid="' OR 1=1 --"),
    "kid_is_number": lambda: raw({"alg": "RS256", "typ": "at+jwt", "kid": 1}, good_claims()),
    "own_key_in_jwk_header": lambda: signed(key=STRANGER, jwk={"kty": "RSA"}, kid="x"),
    "jku_header": lambda: signed(key=STRANGER, jku="https://attacker.example/jwks.json", kid="x"),
    "critical_extension": lambda: signed(crit=["exp"]),
    # types
    "typ_jwt": lambda: signed(typ="JWT"),
    "typ_id_token": lambda: signed(typ="id+jwt"),
    "typ_missing": lambda: signed(typ=None),
    "typ_is_list": lambda: raw({"alg": "RS256", "typ": ["at+jwt"], "kid": ensure_signing_key().kid}, good_claims()),
    # tampering
    "tenant_changed": lambda: spliced(tenant="beta-bank"),
    "tenant_removed": lambda: spliced(tenant=...),
    "scope_added": lambda: spliced(scope="payments:read platform:admin"),
    "client_changed": lambda: spliced(sub="cli_2", client_id="cli_2"),
    "lifetime_extended": lambda: spliced(exp=int(time.time()) + 10**6),
    "signature_missing": lambda: signed().rpartition(".")[0] + ".",
    "signature_of_another": lambda: signed().rpartition(".")[0] + "." + signed(good_claims(jti="other")).rpartition(".")[2],
    "signature_one_bit": lambda: signed()[:-8] + ("A" if signed()[-8] != "A" else "B") + signed()[-7:],
    # claims
    "expired": lambda: signed(good_claims(exp=int(time.time()) - 10)),
    "expired_long_ago": lambda: signed(good_claims(exp=1)),
    "exp_missing": lambda: signed(good_claims(exp=...)),
    "exp_is_text": lambda: signed(good_claims(exp="soon")),
    "exp_is_null": lambda: signed(good_claims(exp=None)),
    "exp_is_infinite": lambda: signed(good_claims(exp=float("inf"))),
    "issued_in_the_future": lambda: signed(good_claims(iat=int(time.time()) + 60)),
    "iat_missing": lambda: signed(good_claims(iat=...)),
    "not_yet_valid": lambda: signed(good_claims(nbf=int(time.time()) + 60)),
    "iss_wrong": lambda: signed(good_claims(iss="https://attacker.example")),
    "iss_missing": lambda: signed(good_claims(iss=...)),
    "aud_wrong": lambda: signed(good_claims(aud="another-api")),
    "aud_missing": lambda: signed(good_claims(aud=...)),
    "aud_is_empty_list": lambda: signed(good_claims(aud=[])),
    "sub_missing": lambda: signed(good_claims(sub=...)),
    "sub_is_not_the_client": lambda: signed(good_claims(sub="cli_2")),
    "client_missing": lambda: signed(good_claims(client_id=...)),
    "jti_missing": lambda: signed(good_claims(jti=...)),
    "scope_missing": lambda: signed(good_claims(scope=...)),
    "scope_is_list": lambda: signed(good_claims(scope=["payments:read"])),
    "tenant_is_null": lambda: signed(good_claims(tenant=None)),
    "tenant_is_list": lambda: signed(good_claims(tenant=["alpha-bank"])),
    "tenant_is_number": lambda: signed(good_claims(tenant=0)),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_not_our_token_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        verify_access_token(make())
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_refused_once_is_refused_again() -> None:
    token = spliced(tenant="beta-bank")
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            verify_access_token(token)


def test_a_remembered_token_still_expires() -> None:
    token = signed(good_claims(exp=int(time.time()) - 3))
    assert verify_access_token(token).client_id == "cli_1"
    time.sleep(2.2)
    with pytest.raises(NotAuthenticated, match="expired"):
        verify_access_token(token)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_REMEMBERED", 3)
    issued = [issue(client_id=f"cli_{n}") for n in range(5)]
    for token in issued:
        verify_access_token(token)
    assert len(tokens._verified) == 3
    assert verify_access_token(issued[0]).client_id == "cli_0"


def test_unknown_key_ids_cost_at_most_a_query_a_second(django_assert_max_num_queries: Any) -> None:
    keys.key_ring()
    with django_assert_max_num_queries(1):
        for n in range(50):
            with pytest.raises(NotAuthenticated):
                verify_access_token(signed(key=STRANGER, kid=f"stranger-{n}"))


def test_the_signature_of_a_remembered_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any) -> None:
    """That takes some 100 µs; to remember what came of it, 8."""
    token = issue()
    claims = verify_access_token(token)
    verified: list[str] = []

    def verify(text: str) -> tokens.Claims:
        verified.append(text)
        return claims

    monkeypatch.setattr(tokens, "_claims", verify)
    with django_assert_num_queries(0):
        assert verify_access_token(token) is claims
    assert verified == []
    tokens.forget()
    assert verify_access_token(token) is claims
    assert verified == [token]
