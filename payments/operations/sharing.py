"""Sharing transactions: payments that wait in one process for the same tenant are booked together.

The first request to arrive leads: it books what is waiting, then hands the lead to the next one waiting. There is no
timer and no extra thread: a lone request is a batch of one at once, and while one batch commits the next one gathers.
Commits, round trips and locks on a busy account are then paid once for many payments.
"""

import threading
from collections import deque
from typing import Final

from django.conf import settings
from django.db import connection

from config_mgmt.rate_limits.tickets import Ticket, count
from payment_engine.errors import Unavailable
from payments.operations.submit import submit_payments
from payments.values import Outcome, SubmitPayment
from tenants.context import current_tenant_id

BATCH_MAX: Final = 64
WAITING_MAX: Final = 1000
_WAIT_SECONDS: Final = 30


class _Waiter:
    """`called` is held until somebody has news for it: a plain lock costs a tenth of a threading.Event."""

    __slots__ = ("called", "done", "error", "item", "leads", "outcome", "ticket")

    def __init__(self, item: SubmitPayment, ticket: Ticket | None) -> None:
        self.item = item
        self.ticket = ticket
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self.done = self.leads = False
        self.called = threading.Lock()
        self.called.acquire()


class _Queue:
    """The payments of one tenant that wait in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self._led = False

    def submit(self, item: SubmitPayment, ticket: Ticket | None) -> Outcome:
        waiter = _Waiter(item, ticket)
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                raise Unavailable("too many payments are waiting at the moment")
            if self._led:
                self._waiting.append(waiter)
            else:
                self._led = waiter.leads = True
        if not waiter.leads:
            self._wait(waiter)
        if waiter.leads:
            self._lead(waiter)
        if waiter.error is not None:
            raise waiter.error
        assert waiter.outcome is not None, "a booked waiter has its outcome"  # noqa: S101  # set by whoever led
        return waiter.outcome

    def _wait(self, waiter: _Waiter) -> None:
        if waiter.called.acquire(timeout=_WAIT_SECONDS):
            return
        with self._lock:
            if waiter.done or waiter.leads:
                return
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                raise Unavailable("the payment waited too long and was not booked")
        waiter.called.acquire()  # it is being booked right now: its fate must be known

    def _lead(self, first: _Waiter) -> None:
        with self._lock:
            batch = [first, *(self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX - 1)))]
        try:
            if admitted := _admitted(batch):
                _book(admitted)
        finally:
            self._hand_over()
            for waiter in batch[1:]:
                waiter.done = True
                waiter.called.release()

    def _hand_over(self) -> None:
        with self._lock:
            if not self._waiting:
                self._led = False
                return
            successor = self._waiting.popleft()
            successor.leads = True
        successor.called.release()


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


_queues: dict[str, _Queue] = {}
_queues_lock = threading.Lock()


def submit_payment(item: SubmitPayment, *, ticket: Ticket | None = None) -> Outcome:
    """Book one payment, sharing a transaction with others of the tenant that wait in this process.

    Same rules as `submit_payments`. Inside an atomic block it is booked in that transaction, on its own. A request's
    ticket is counted first, together with those it shares the transaction with; raises RateLimited if it is refused.
    """
    if not settings.PAYMENTS_SHARE_TRANSACTIONS or connection.in_atomic_block:
        return _submit_alone(item, ticket)
    tenant_id = current_tenant_id()
    queue = _queues.get(tenant_id)
    if queue is None:
        with _queues_lock:
            queue = _queues.setdefault(tenant_id, _Queue())
    return queue.submit(item, ticket)


def _submit_alone(item: SubmitPayment, ticket: Ticket | None) -> Outcome:
    if ticket is not None:
        count([ticket])
        if (refusal := ticket.refusal) is not None:
            raise refusal
    return submit_payments([item])[0]
