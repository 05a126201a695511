"""The web server's side of the event loop: requests as granian hands them over, and what it is handed back."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from granian.rsgi import ProtocolClosed

from accounts.models import Account
from payment_engine.ids import new_id
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.threads import close_connections_of

TRANSACTIONS = "/api/v1/transactions"


class SentHeaders:
    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self._pairs)

    def get(self, name: str, default: Any = None) -> Any:
        return next((value for known, value in self._pairs if known == name), default)

    def items(self) -> list[tuple[str, str]]:
        return list(self._pairs)


@dataclass(frozen=True, kw_only=True)
class SentScope:
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    headers: SentHeaders = field(default_factory=lambda: SentHeaders([]))
    server: str = "127.0.0.1:8000"
    client: str = "127.0.0.1:50000"
    scheme: str = "http"
    http_version: str = "1.1"
    authority: str | None = None


def posted(path: str, body: bytes, *headers: tuple[str, str]) -> SentScope:
    return SentScope(method="POST", path=path, headers=SentHeaders([("content-length", str(len(body))), *headers]))


@dataclass
class Exchange:
    """One request's protocol object. `sent` are the pieces that arrive before the client goes away or is done."""

    sent: Iterable[bytes] = ()
    goes_away: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    from_file: bool = False

    async def __call__(self) -> bytes:
        if self.goes_away:
            raise ProtocolClosed
        return b"".join(self.sent)

    def __aiter__(self) -> "Exchange":
        self._pieces = iter([*self.sent, b""])  # its last one is empty
        return self

    async def __anext__(self) -> bytes:
        await asyncio.sleep(0)
        try:
            return next(self._pieces)
        except StopIteration:
            raise StopAsyncIteration from None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body

    def response_file(self, status: int, headers: list[tuple[str, str]], path: str) -> None:
        self.response_bytes(status, headers, Path(path).read_bytes())
        self.from_file = True


async def ask(handler: Any, request: tuple[SentScope, Exchange]) -> None:
    await handler.__rsgi__(*request)


def serve(handler: Any, *requests: tuple[SentScope, Exchange]) -> None:
    """All at once on one event loop, until each is answered."""

    async def all_of_them() -> None:
        await asyncio.gather(*(ask(handler, request) for request in requests))
        await asyncio.sleep(0.001)  # what was to be done afterwards

    asyncio.run(all_of_them())
    close_connections_of(handler._threads)


def as_wsgi(handler: Any) -> Any:
    """A WSGI application that sends its request through the event loop."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(int(length or 0))
        named = {key.removeprefix("HTTP_"): value for key, value in environ.items() if key.startswith(("HTTP_", "CONTENT_"))}
        headers = [(key.lower().replace("_", "-"), value) for key, value in named.items() if value != ""]
        scope = SentScope(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
            query_string=environ["QUERY_STRING"],
            headers=SentHeaders(headers),
            server=f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
        )
        exchange = Exchange([body])
        serve(handler, (scope, exchange))
        assert exchange.status is not None, "it was answered"
        start_response(f"{exchange.status} {HTTPStatus(exchange.status).phrase}", list(exchange.headers.items()))
        return [exchange.body]

    return application


class Bank:
    """One tenant's callers on the event loop."""

    def __init__(self, tenant: TenantRecord) -> None:
        self.tenant = tenant
        self.token = Api(tenant).token
        with tenant_scope(tenant):
            make_payment_type()
            self.ada, self.bob = make_account(funds_minor=100_00), make_account()

    def request(self, key: str | None = None, **changes: str) -> tuple[SentScope, Exchange]:
        transfer = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": self.ada.public_id, "creditorAccount": self.bob.public_id}
        body = json.dumps(transfer | {"amount": "1.00", "currency": "EUR"} | changes).encode()
        headers = [
            ("authorization", f"Bearer {self.token}"),
            ("content-type", "application/json"),
            ("idempotency-key", key or new_id().hex),
        ]
        return posted(TRANSACTIONS, body, *headers), Exchange([body])

    def booked(self, account: Account) -> str:
        with tenant_scope(self.tenant):
            account.refresh_from_db()
            return account.booked
