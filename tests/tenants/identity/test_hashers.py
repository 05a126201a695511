import time

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from pytest_django import Settings

from tenants.hashers import CLIENT_SECRET_HASHER, ClientSecretHasher, EngineArgon2PasswordHasher

SECRET = "s" * 64


@pytest.fixture(autouse=True)
def _product_s_hashers(settings: Settings) -> None:
    """Without the quick one that the other tests put before them."""
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]


def test_passwords_of_people_are_argon2id_with_19_mib() -> None:
    encoded = make_password("correct horse battery staple")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery staple", encoded)
    assert not check_password("correct horse battery stapler", encoded)


def test_people_never_get_the_fast_hash() -> None:
    assert isinstance(identify_hasher(make_password("x" * 64)), EngineArgon2PasswordHasher)


def test_a_client_secret_verifies_against_its_hash_only() -> None:
    encoded = make_password(SECRET, hasher=CLIENT_SECRET_HASHER)
    hasher = identify_hasher(encoded)
    assert isinstance(hasher, ClientSecretHasher)
    assert hasher.verify(SECRET, encoded)
    assert not hasher.verify(SECRET + "s", encoded)
    assert not hasher.verify("", encoded)


def test_equal_secrets_have_different_hashes() -> None:
    assert make_password(SECRET, hasher=CLIENT_SECRET_HASHER) != make_password(SECRET, hasher=CLIENT_SECRET_HASHER)


def test_a_secret_a_person_could_think_up_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        make_password("hunter2", hasher=CLIENT_SECRET_HASHER)


@pytest.mark.parametrize("guess", ["", "\x00", "\ud800", "ü" * 64, "$" * 200, "x" * 100_000])
def test_any_guess_is_answered_no(guess: str) -> None:
    hasher = ClientSecretHasher()
    assert not hasher.verify(guess, hasher.encode(SECRET, hasher.salt()))


def test_the_summary_shows_no_hash() -> None:
    hasher = ClientSecretHasher()
    encoded = hasher.encode(SECRET, hasher.salt())
    assert hasher.decode(encoded)["hash"] not in str(hasher.safe_summary(encoded))


def test_a_check_of_a_client_secret_is_fast() -> None:
    hasher = ClientSecretHasher()
    encoded = hasher.encode(SECRET, hasher.salt())
    started = time.process_time()
    for _ in range(1000):
        hasher.verify(SECRET, encoded)
    assert time.process_time() - started < 0.5
