"""How passwords of people and secrets of API clients are stored."""

import hashlib
from typing import Any, Final

from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import constant_time_compare

MINIMUM_SECRET_LENGTH: Final = 40
CLIENT_SECRET_HASHER: Final = "client_secret_sha256"  # noqa: S105  # the name of the algorithm


class EngineArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id at OWASP's figures. Django's own (100 MB, 8 lanes) ends a 512 MB container at four sign-ins at once."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class ClientSecretHasher(BasePasswordHasher):
    """Salted SHA-256, for the random secrets we make ourselves: nobody guesses 384 bits, so slowness would only cost.

    A secret short enough to be thought up by a person is refused when it is stored.
    """

    algorithm = CLIENT_SECRET_HASHER

    def encode(self, password: str, salt: str) -> str:
        if len(password) < MINIMUM_SECRET_LENGTH:
            raise ValueError(f"a client secret is made by the engine and has at least {MINIMUM_SECRET_LENGTH} characters")
        if not salt or "$" in salt:
            raise ValueError("a salt has at least one character and no $")
        return self._encoded(password, salt)

    def decode(self, encoded: str) -> dict[str, str]:
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(encoded, self._encoded(password, self.decode(encoded)["salt"]))

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": self.algorithm, "salt": self.decode(encoded)["salt"][:4] + "…"}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to even out: every check costs the same."""

    def _encoded(self, password: str, salt: str) -> str:
        digest = hashlib.sha256(f"{salt}${password}".encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.algorithm}${salt}${digest}"
