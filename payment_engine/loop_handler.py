"""The web server's event loop: payments stay on it while they wait, everything else is answered in threads.

Payments that are booked together wait for most of their time. A thread for each costs changes between threads, and
more processes with smaller batches. On the loop they run as greenlets (`tenants/database/on_loop.py`), through the same
middleware and views as in a thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from io import BufferedReader, BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from django.conf import settings
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from payment_engine.api.openapi import declared_operations
from payment_engine.api_handler import ApiHandler
from payment_engine.wsgi_environ import Incoming, announced_length, environ_of
from tenants.database.on_loop import run_on_loop

THREADS: Final = 16
_IN_MEMORY_BYTES: Final = 1 << 20
_FILE_KEPT_SECONDS: Final = 30.0
Headers = list[tuple[str, str]]


class LoopHandler:
    """An RSGI application in front of a WSGI application; `api` is that part of it whose payments wait together, if any."""

    def __init__(self, application: Callable[..., Any], api: ApiHandler | None) -> None:
        self._application = application
        self._api = api
        self._together = {(method, path) for path, method, operation in declared_operations() if operation.counted_together}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="web")

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        try:
            if self._api is None or not self._waits_with_others(scope):
                await self._in_thread(scope, protocol)
            else:
                await _on_loop(self._api, scope, protocol)
        except ProtocolClosed:  # the client went away before it had sent everything
            return

    def _waits_with_others(self, scope: Scope) -> bool:
        """A body we would not read as a whole is refused in a thread, before it is read."""
        if (scope.method, scope.path) not in self._together:
            return False
        length = announced_length(scope)
        return length is not None and length <= settings.BODY_LIMIT_BYTES

    async def _in_thread(self, scope: Scope, protocol: HTTPProtocol) -> None:
        loop = asyncio.get_running_loop()
        length = announced_length(scope)
        if length is not None and length <= _IN_MEMORY_BYTES:
            body: IO[bytes] = BytesIO(await protocol() if length else b"")
        else:
            body = BufferedReader(Incoming(protocol, loop, length))
        environ = environ_of(scope, body)
        status, headers, answer = await loop.run_in_executor(self._threads, _answered, self._application, environ)
        if isinstance(answer, bytes):
            protocol.response_bytes(status, headers, answer)
            return
        # As fast as the client takes it: pieces given to granian one by one would all wait in memory.
        protocol.response_file(status, headers, f"/dev/fd/{answer.fileno()}")
        loop.call_later(_FILE_KEPT_SECONDS, answer.close)  # granian has opened it for itself by then


async def _on_loop(api: ApiHandler, scope: Scope, protocol: HTTPProtocol) -> None:
    """In step with the others: what is there is asked in one turn of the loop, and what was booked together is answered in one.

    Each step then finds its code in the processor's caches, and granian's threads are woken once for many answers.
    """
    body = await protocol()
    await _turn()
    response = await run_on_loop(api.answer, environ_of(scope, BytesIO(body)), body)
    status, headers, content = response.status_code, list(response.headers.items()), response.getvalue()
    await _turn()
    protocol.response_bytes(status, headers, content)


async def _turn() -> None:
    """Let the loop go on with what is there already."""
    await asyncio.sleep(0)


def _answered(application: Callable[..., Any], environ: dict[str, Any]) -> tuple[int, Headers, bytes | IO[bytes]]:
    """Status, headers and body, a large one in a file. It is whole by now, so one that fails halfway is a 500."""
    status, headers = 0, cast("Headers", [])

    def start_response(line: str, fields: Headers, _error: object = None) -> None:
        nonlocal status, headers
        status, headers = int(line.split(" ", 1)[0]), fields

    pieces = application(environ, start_response)
    if isinstance(pieces, list):
        return status, headers, b"".join(pieces)
    with ExitStack() as opened:
        kept = opened.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))
        with closing(pieces):
            kept.writelines(pieces)
        if kept.tell() > _IN_MEMORY_BYTES:
            kept.flush()
            opened.pop_all()
            return status, headers, kept
        kept.seek(0)
        return status, headers, kept.read()
