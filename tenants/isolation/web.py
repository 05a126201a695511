"""The running product as a client sees it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from payment_engine.api.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Json:
        return json.loads(self.text)


class Web:
    """One connection at a time, straight to the address given: no proxy, no redirects followed."""

    def __init__(self, base_url: str, *, timeout_seconds: float = 15.0) -> None:
        parts = urlsplit(base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.base_url = base_url.rstrip("/")
        self._prefix = parts.path.rstrip("/")
        self._connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=timeout_seconds)

    def send(
        self, method: str, path: str, *, token: str | None = None, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Raises OSError or http.client.HTTPException when nobody answers."""
        sent = {"Accept": "application/json, application/xml;q=0.9, */*;q=0.1", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            return self._exchange(method, path, data, sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()  # kept alive too long: once more on a new connection
            return self._exchange(method, path, data, sent)

    def close(self) -> None:
        self._connection.close()

    def _exchange(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        self._connection.request(method, self._prefix + path, body=data, headers=dict(headers))
        response = self._connection.getresponse()
        text = response.read().decode(errors="replace")
        return Answer(status=response.status, headers={name.lower(): value for name, value in response.getheaders()}, text=text)
