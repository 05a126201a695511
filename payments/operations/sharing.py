"""Sharing transactions: payments that wait in one process for the same tenant are booked together.

One thread at a time books what is waiting for a tenant. A lone request is a batch of one at once, and while one batch commits
the next one gathers. Commits, round trips and locks on a busy account are then paid once for many payments.

On the event loop the next batch begins once as many wait as were there when the last one ended, or after the time that one took
(10 ms at most): who has just been answered is about to ask again, and one batch of 32 costs a fifth less than two of 16.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final

from django.conf import settings
from django.db import connection

from config_mgmt.rate_limits.tickets import Ticket, count
from payment_engine.errors import Unavailable
from payments.operations.submit import submit_payments
from payments.values import Outcome, SubmitPayment
from tenants.context import Scope, current_scope
from tenants.database.base import look_after_connections
from tenants.database.on_loop import is_on_loop, off_loop, wait_for

BATCH_MAX: Final = 64
WAITING_MAX: Final = 1000
_BATCHES_PER_TURN: Final = 8
_GATHERING_MAX_SECONDS: Final = 0.01
_WAIT_SECONDS: Final = 30
_bookers: Final = ThreadPoolExecutor(8, thread_name_prefix="booking")
_log = logging.getLogger(__name__)


class _Waiter:
    """One payment and its request, which waits on the event loop for `future` or in a thread for the lock `called`."""

    __slots__ = ("called", "context", "error", "future", "item", "outcome", "ticket")

    def __init__(self, item: SubmitPayment, ticket: Ticket | None) -> None:
        self.item = item
        self.ticket = ticket
        self.context = copy_context()
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.future: asyncio.Future[None] | None = None
        self.called = threading.Lock()
        if is_on_loop():
            self.future = asyncio.get_running_loop().create_future()
        else:
            self.called.acquire()


class _Queue:
    """The payments of one tenant that wait in this process.

    A batch is under way (`_is_booked`), or the next one gathers until `_expected` wait or the time is up, or nobody waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._is_booked = False
        self._expected = 0
        self._gathers_until = 0.0
        self._timed: tuple[asyncio.AbstractEventLoop, float] | None = None

    def submit(self, item: SubmitPayment, ticket: Ticket | None) -> Outcome:
        waiter = _Waiter(item, ticket)
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                raise Unavailable("too many payments are waiting at the moment")
            self._waiting.append(waiter)
            begins = self._may_begin(waiter)
        if begins:
            self._begin(waiter)
        self._wait(waiter)
        if waiter.error is not None:
            raise waiter.error
        assert waiter.outcome is not None, "a booked waiter has its outcome"  # noqa: S101  # set by whoever booked it
        return waiter.outcome

    def _may_begin(self, waiter: _Waiter) -> bool:
        """Under the lock. If it has to gather first, a timer of the waiter's loop sees to it that it begins."""
        if self._is_booked:
            return False
        left = self._gathers_until - time.monotonic()
        if waiter.future is not None and left > 0 and len(self._waiting) < min(self._expected, BATCH_MAX):
            timed = (waiter.future.get_loop(), self._gathers_until)
            if self._timed != timed:
                self._timed = timed
                timed[0].call_later(left, self._end_gathering, self._gathers_until)
            return False
        self._is_booked = True
        return True

    def _begin(self, waiter: _Waiter) -> None:
        """On the loop once it has taken in all requests that are there: they make one batch."""
        if waiter.future is None:
            _bookers.submit(self._book)
        else:
            waiter.future.get_loop().call_soon(_bookers.submit, self._book)

    def _gather(self) -> None:
        """On the loop, after a batch: those who came meanwhile may be enough for the next."""
        with self._lock:
            begins = bool(self._waiting) and self._may_begin(self._waiting[0])
        if begins:
            _bookers.submit(self._book)

    def _end_gathering(self, until: float) -> None:
        """Unless a batch began in the meantime: the time it sets is another."""
        with self._lock:
            if self._gathers_until == until:
                self._gathers_until = 0.0
        self._gather()

    def _wait(self, waiter: _Waiter) -> None:
        if waiter.future is not None:
            timer = waiter.future.get_loop().call_later(_WAIT_SECONDS, self._give_up, waiter)
            try:
                wait_for(waiter.future)
            finally:
                timer.cancel()
        elif not waiter.called.acquire(timeout=_WAIT_SECONDS):
            self._give_up(waiter)
            waiter.called.acquire()

    def _give_up(self, waiter: _Waiter) -> None:
        """Unless it is being booked right now: then its fate must be known."""
        with self._lock:
            if waiter not in self._waiting:
                return
            self._waiting.remove(waiter)
        waiter.error = Unavailable("the payment waited too long and was not booked")
        _call([waiter])

    def _book(self) -> None:
        """A batch, and as long as the next one need not gather that one too; a few before it is another tenant's turn."""
        for _ in range(_BATCHES_PER_TURN):
            if not self._book_next():
                return
        _bookers.submit(self._book)

    def _book_next(self) -> bool:
        """Whether the next one follows at once. Otherwise it gathers, or nobody waits."""
        began = time.monotonic()
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]
        if batch:
            batch[0].context.run(_settle, batch)
        with self._lock:
            ended = time.monotonic()
            self._expected = len(batch) + len(self._waiting)
            self._gathers_until = ended + min(ended - began, _GATHERING_MAX_SECONDS)
            goes_on = len(self._waiting) >= BATCH_MAX or any(waiter.future is None for waiter in self._waiting)
            self._is_booked = goes_on
            following = None if goes_on or not self._waiting else self._waiting[0].future
        try:
            _call(batch)
            if following is not None:
                following.get_loop().call_soon_threadsafe(self._gather)
        except RuntimeError:  # the loop is closed: the process ends, and nobody is there to be told
            _log.warning("payments were booked whose callers are gone", extra={"payments": len(batch)})
        return goes_on


def _settle(batch: list[_Waiter]) -> None:
    """Each has its outcome or its error afterwards."""
    try:
        if admitted := _admitted(batch):
            _book(admitted)
    except Exception as error:  # noqa: BLE001  # handed to the requests, which raise it
        for waiter in batch:
            if waiter.outcome is None and waiter.error is None:
                waiter.error = error
    try:
        look_after_connections()
    except Exception:  # noqa: BLE001  # what was booked is booked
        _log.exception("a connection could not be looked after")


def _call(waiters: Sequence[_Waiter]) -> None:
    for waiter in waiters:
        if waiter.future is None:
            waiter.called.release()
    futures = [waiter.future for waiter in waiters if waiter.future is not None]
    if futures:
        futures[0].get_loop().call_soon_threadsafe(_wake, futures)


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # cancelled: its client went away
            future.set_result(None)


def _admitted(batch: list[_Waiter]) -> list[_Waiter]:
    """Those within the rate limit, counted in one round trip; the others have their refusal."""
    count(waiter.ticket for waiter in batch if waiter.ticket is not None)
    for waiter in batch:
        waiter.error = waiter.ticket.refusal if waiter.ticket is not None else None
    return [waiter for waiter in batch if waiter.error is None]


def _book(batch: list[_Waiter]) -> None:
    """Book a batch; if it fails as a whole, each item on its own, so that one poisoned item can't take the others along."""
    try:
        outcomes = submit_payments([waiter.item for waiter in batch])
    except Exception as error:  # noqa: BLE001  # handed to the request it belongs to, which raises it
        if len(batch) == 1:
            batch[0].error = error
            return
        for waiter in batch:
            _book([waiter])
        return
    for waiter, outcome in zip(batch, outcomes, strict=True):
        waiter.outcome = outcome


_queues: dict[Scope | None, _Queue] = {}
_queues_lock = threading.Lock()


def submit_payment(item: SubmitPayment, *, ticket: Ticket | None = None) -> Outcome:
    """Book one payment, sharing a transaction with others of the tenant that wait in this process.

    Same rules as `submit_payments`. Inside an atomic block it is booked in that transaction, on its own. A request's
    ticket is counted first, together with those it shares the transaction with; raises RateLimited if it is refused.
    """
    if not settings.PAYMENTS_SHARE_TRANSACTIONS or (not is_on_loop() and connection.in_atomic_block):
        return off_loop(_submit_alone, item, ticket)
    scope = current_scope()
    queue = _queues.get(scope)
    if queue is None:
        with _queues_lock:
            queue = _queues.setdefault(scope, _Queue())
    return queue.submit(item, ticket)


def _submit_alone(item: SubmitPayment, ticket: Ticket | None) -> Outcome:
    if ticket is not None:
        count([ticket])
        if (refusal := ticket.refusal) is not None:
            raise refusal
    return submit_payments([item])[0]
