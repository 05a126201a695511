"""Secrets that are shown once: told before the transaction that makes them valid is committed, so that no crash loses one."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from payment_engine.errors import Conflict, Malformed
from payment_engine.places import check_place


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
        check_place(path)
        if self._read().get("tenantId", tenant_id) != tenant_id:
            raise Conflict(f"{path} has the credentials of another tenant")

    def tell(self, what: str, facts: Mapping[str, str]) -> None:
        document = {**self._read(), "tenantId": self._tenant_id, what: dict(facts)}
        try:
            self._write(document)
        except OSError as error:
            raise Malformed(f"{self._path} can't be written: {error.strerror}") from None

    def where(self) -> str:
        return f"in {self._path}"

    def _write(self, document: Mapping[str, Any]) -> None:
        scratch = self._path.with_name(self._path.name + ".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._path)

    def _read(self) -> dict[str, Any]:
        """What is there. Another file than one of credentials is never written over."""
        try:
            if not self._path.exists():
                return {}
            document = json.loads(self._path.read_bytes()) if self._path.is_file() else None
        except OSError as error:
            raise Malformed(f"{self._path} can't be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or "tenantId" not in document:
            raise Malformed(f"{self._path} is there and is not a file of credentials: name another")
        return document
