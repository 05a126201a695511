"""Secrets that are shown once: told before the transaction that makes them valid is committed, so that no crash loses one."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from payment_engine.errors import Conflict, Malformed


class Credentials(Protocol):
    def tell(self, what: str, facts: Mapping[str, str]) -> None:
        """Give these away for good; returns when they can't be lost any more."""
        ...

    def where(self) -> str: ...


class PrintedCredentials:
    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def tell(self, what: str, facts: Mapping[str, str]) -> None:
        for name, value in facts.items():
            self._write(f"    {what}.{name}={value}")

    def where(self) -> str:
        return "shown this once"


class CredentialsFile:
    """A JSON file of mode 0600, of one tenant; a second run adds what it makes to what is there."""

    def __init__(self, path: Path, tenant_id: str) -> None:
        self._path, self._tenant_id = path, tenant_id
        if self._read().get("tenantId", tenant_id) != tenant_id:
            raise Conflict(f"{path} has the credentials of another tenant")

    def tell(self, what: str, facts: Mapping[str, str]) -> None:
        document = {**self._read(), "tenantId": self._tenant_id, what: dict(facts)}
        scratch = self._path.with_name(self._path.name + ".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)

    def where(self) -> str:
        return f"in {self._path}"

    def _read(self) -> dict[str, Any]:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise Malformed(f"{self._path} is not a file of credentials: {error}") from None
        if not isinstance(document, dict):
            raise Malformed(f"{self._path} is not a file of credentials")
        return document
