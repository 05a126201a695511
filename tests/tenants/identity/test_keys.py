"""Signing keys: made once, rotated without a break, withdrawn when one got out."""

import threading
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from payment_engine.api.errors import NotAuthenticated
from payment_engine.clock import now
from tenants import keys
from tenants.models import SigningKey
from tenants.operations.keys import ensure_signing_key, rotate_signing_key
from tenants.tokens import issue_access_token, verify_access_token

from .conftest import forget_everything

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]


def issue() -> str:
    return issue_access_token(client_id="cli_1", tenant="alpha-bank", scopes=["payments:read"], lifetime_seconds=60)


def test_the_private_key_is_stored_encrypted() -> None:
    key = SigningKey.objects.get(kid=ensure_signing_key().kid)
    assert "PRIVATE KEY" not in key.private_key
    assert "BEGIN PUBLIC KEY" in key.public_key


def test_the_first_token_makes_the_first_key() -> None:
    SigningKey.objects.all().delete()
    keys.forget()
    assert verify_access_token(issue()).client_id == "cli_1"
    assert SigningKey.objects.count() == 1


def test_a_second_call_makes_no_second_key() -> None:
    before = ensure_signing_key().kid
    keys.forget()
    assert ensure_signing_key().kid == before


def test_after_a_rotation_old_tokens_still_work_and_new_ones_have_the_new_key() -> None:
    old = issue()
    kid = rotate_signing_key()
    forget_everything()
    assert verify_access_token(old).client_id == "cli_1"
    assert jwt.get_unverified_header(issue())["kid"] == kid != jwt.get_unverified_header(old)["kid"]


def test_a_retired_key_verifies_until_its_last_token_has_expired(settings: Settings) -> None:
    old = issue()
    rotate_signing_key()
    past = now() - timedelta(seconds=settings.ACCESS_TOKEN_LIFETIME_SECONDS + 6)
    SigningKey.objects.filter(retired_at__isnull=False).update(retired_at=past)
    forget_everything()
    with pytest.raises(NotAuthenticated, match="unknown key"):
        verify_access_token(old)


def test_a_key_that_got_out_is_refused_even_for_tokens_seen_before() -> None:
    old = issue()
    verify_access_token(old)
    rotate_signing_key(retire_now=True)
    with pytest.raises(NotAuthenticated):
        verify_access_token(old)
    assert verify_access_token(issue()).client_id == "cli_1"


def test_another_process_sees_a_new_key_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = keys.key_ring()
    rotate_signing_key()
    token = issue()
    monkeypatch.setattr(keys, "_ring", keys.KeyRing(public=stale.public, signing=stale.signing, read_at=time.monotonic() - 2))
    assert verify_access_token(token).client_id == "cli_1"


def test_another_process_sees_a_withdrawn_key_within_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    token, stale = issue(), keys.key_ring()
    rotate_signing_key(retire_now=True)
    monkeypatch.setattr(keys, "_ring", keys.KeyRing(public=stale.public, signing=stale.signing, read_at=time.monotonic() - 5.1))
    with pytest.raises(NotAuthenticated):
        verify_access_token(token)


def test_a_key_that_is_known_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = keys.KeyRing(public=keys.key_ring().public, signing=ensure_signing_key(), read_at=time.monotonic() - 5.1)
    monkeypatch.setattr(keys, "_ring", known)
    rotate_signing_key()
    second = keys.key_ring()
    assert second.signing is not known.signing
    monkeypatch.setattr(keys, "_ring", keys.KeyRing(public=second.public, signing=second.signing, read_at=time.monotonic() - 5.1))
    third = keys.key_ring()
    assert third is not second
    assert third.signing is not None
    assert second.signing is not None
    assert third.signing.private is second.signing.private
    assert third.public[third.signing.kid] is second.public[third.signing.kid]
    assert all(third.public[kid] is key for kid, key in second.public.items())


def test_a_changed_secret_key_with_its_fallback_reads_the_old_keys(settings: Settings) -> None:
    kid = ensure_signing_key().kid
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret key of this deployment " * 2
    keys.forget()
    assert ensure_signing_key().kid == kid


def test_a_lost_secret_key_makes_a_new_signing_key_and_keeps_old_tokens(settings: Settings) -> None:
    old = issue()
    settings.SECRET_KEY = "a secret key that never encrypted anything here " * 2
    forget_everything()
    assert jwt.get_unverified_header(issue())["kid"] != jwt.get_unverified_header(old)["kid"]
    assert verify_access_token(old).client_id == "cli_1"


def test_jwks_verifies_our_tokens(client: Client) -> None:
    rotate_signing_key()
    response = client.get("/.well-known/jwks.json")
    assert response["Cache-Control"] == "public, max-age=300"
    published = jwt.PyJWKSet.from_dict(response.json())
    token = issue()
    key = next(key for key in published.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(token, key, algorithms=["RS256"], audience="payment-engine-api")["sub"] == "cli_1"
    assert len(published.keys) >= 2


def test_jwks_has_no_private_member(client: Client) -> None:
    for key in client.get("/.well-known/jwks.json").json()["keys"]:
        assert key.keys() == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_key_id_is_the_thumbprint_of_its_key(client: Client) -> None:
    for key in client.get("/.well-known/jwks.json").json()["keys"]:
        assert jwt.PyJWK(key).key.key_size == 2048
        assert len(key["kid"]) == 43


@pytest.mark.parametrize(("arguments", "old_works"), [([], True), (["--retire-now"], False)])
def test_the_command(capsys: pytest.CaptureFixture[str], arguments: list[str], old_works: bool) -> None:
    old = issue()
    call_command("rotate_signing_key", *arguments)
    assert capsys.readouterr().out.strip() == ensure_signing_key().kid
    forget_everything()
    if old_works:
        assert verify_access_token(old)
    else:
        with pytest.raises(NotAuthenticated):
            verify_access_token(old)


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_together_make_one_key() -> None:
    SigningKey.objects.all().delete()
    keys.forget()
    made: list[Any] = []

    def start() -> None:
        try:
            made.append(ensure_signing_key().kid)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert set(made) == set(SigningKey.objects.values_list("kid", flat=True))
    assert len(set(made)) == 1
