"""A request of the web server (RSGI) as WSGI has it (PEP 3333)."""

import asyncio
import sys
from functools import lru_cache
from io import RawIOBase
from typing import IO, TYPE_CHECKING, Any, Final

from granian.rsgi import HTTPProtocol, Scope

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_ALWAYS: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_WITHOUT_PREFIX: Final = frozenset({"content-type", "content-length"})
_SEPARATORS: Final = {"cookie": "; "}


def announced_length(scope: Scope) -> int | None:
    """Bytes of the body; 0 if there is none, None if it is not said (or not in a number)."""
    headers = scope.headers
    text = headers.get("content-length")
    if text is None:
        return None if "transfer-encoding" in headers else 0
    return int(text) if text.isascii() and text.isdigit() else None


def environ_of(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """Headers with an underscore in their names are left out: they would pass for those with a hyphen."""
    server, _, server_port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ = _ALWAYS | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path if scope.path.isascii() else scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": server_port,
        "REMOTE_ADDR": client,
        "REMOTE_PORT": client_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    for name, value in scope.headers.items():
        key = _key_of(name)
        if key is None:
            continue
        known = environ.get(key)
        environ[key] = value if known is None else f"{known}{_SEPARATORS.get(name, ',')}{value}"
    if scope.authority is not None:
        environ.setdefault("HTTP_HOST", scope.authority)  # HTTP/2 has no Host
    return environ


@lru_cache(maxsize=256)
def _key_of(header: str) -> str | None:
    if "_" in header:
        return None
    key = header.upper().replace("-", "_")
    return key if header in _WITHOUT_PREFIX else f"HTTP_{key}"


class Incoming(RawIOBase):
    """A body that is still being sent, for a thread to read. Raises OSError if the client goes away before its end."""

    def __init__(self, protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop, length: int | None) -> None:
        self._protocol = protocol
        self._loop = loop
        self._missing = length
        self._pieces: Any = None
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        if not self._piece:
            self._piece = memoryview(asyncio.run_coroutine_threadsafe(self._next(), self._loop).result())
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._piece))
        target[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    async def _next(self) -> bytes:
        """Empty at the end."""
        if self._pieces is None:
            self._pieces = aiter(self._protocol)
        piece = b""
        while not piece:
            try:
                piece = await self._pieces.__anext__()
            except StopAsyncIteration:
                if self._missing:
                    raise OSError("the client went away") from None
                return b""
        if self._missing is not None:
            self._missing -= len(piece)
        return piece
