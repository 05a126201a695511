"""Requests on the web server's event loop: code written for threads runs there as a greenlet, and waits without holding the loop.

On the loop nothing may wait for a server: Django refuses to use a connection there, and what has to ask one goes through
`off_loop`. Threads are for code that works for long; a greenlet costs a request no change of threads at all.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

from tenants.database.base import look_after_connections

P = ParamSpec("P")
T = TypeVar("T")
_threads: Final = ThreadPoolExecutor(8, thread_name_prefix="off-loop")
_FREE_MAX: Final = 64


class _Request(greenlet):
    """A request's code on the loop, and then the next one's; its parent is the loop's own."""

    call: Callable[[], object] | None = None
    result: object = None

    @property
    def is_answered(self) -> bool:
        return self.call is None

    def run(self) -> None:
        """Ends only with what a call raises."""
        while self.call is not None:
            self.result = self.call()
            self.call = None
            cast("greenlet", self.parent).switch()


class _Free(threading.local):
    """Those of a thread's loop that have answered. The frames of a new one cost the kernel a piece of memory each time."""

    def __init__(self) -> None:
        self.requests: list[_Request] = []


_free: Final = _Free()


def is_on_loop() -> bool:
    return isinstance(getcurrent(), _Request)


async def run_on_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it on the loop, in a copy of this context. If the task is cancelled, it is raised where the function waits."""
    request = _free.requests.pop() if _free.requests else _Request()
    request.call = partial(function, *args, **kwargs)
    request.gr_context = copy_context()
    awaited = request.switch()
    while not request.is_answered:
        try:
            await awaited
        except BaseException as error:  # noqa: BLE001  # not ours: the function's
            awaited = request.throw(error)
        else:
            awaited = request.switch()
    result, request.result = request.result, None
    if len(_free.requests) < _FREE_MAX:
        _free.requests.append(request)
    return cast("T", result)


def wait_for(future: "asyncio.Future[T]") -> T:
    """Its result, while the loop goes on with other requests. To be called on the loop (see `is_on_loop`)."""
    cast("greenlet", getcurrent().parent).switch(future)
    return future.result()


def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may wait for a server: right here, or if this is the loop in a thread, in a copy of this context."""
    if not is_on_loop():
        return function(*args, **kwargs)
    context = copy_context()

    def call() -> T:
        try:
            return context.run(function, *args, **kwargs)
        finally:
            look_after_connections()

    return wait_for(asyncio.get_running_loop().run_in_executor(_threads, call))
