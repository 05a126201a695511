"""Code of threads on the event loop: it waits there without holding it, and never touches the database on it."""

import asyncio
from contextvars import ContextVar
from threading import get_ident

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from greenlet import getcurrent

from tenants.context import current_scope, tenant_scope
from tenants.database.on_loop import is_on_loop, off_loop, run_on_loop, wait_for
from tenants.models import Tenant
from tenants.registry import TenantRecord

_word: ContextVar[str] = ContextVar("word", default="none")


def test_each_waits_for_itself_and_the_loop_goes_on() -> None:
    order: list[str] = []

    def wait(name: str, seconds: float) -> str:
        _word.set(name)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(seconds, future.set_result, name.upper())
        answer = wait_for(future)
        order.append(_word.get())
        return answer

    async def both() -> list[str]:
        return list(await asyncio.gather(run_on_loop(wait, "slow", 0.1), run_on_loop(wait, "quick", seconds=0.01)))

    assert asyncio.run(both()) == ["SLOW", "QUICK"]
    assert (order, _word.get()) == (["quick", "slow"], "none")


def test_the_next_one_runs_in_the_same_greenlet_and_a_context_of_its_own() -> None:
    def who(word: str, fails: bool = False) -> tuple[int, str]:
        known = _word.get()
        _word.set(word)
        off_loop(len, ())
        if fails:
            raise ValueError(word)
        return id(getcurrent()), known

    async def one_after_another() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        first = [await run_on_loop(who, "first"), await run_on_loop(who, "second")]
        with pytest.raises(ValueError, match="third"):
            await run_on_loop(who, "third", fails=True)
        both = await asyncio.gather(run_on_loop(who, "fourth"), run_on_loop(who, "fifth"))
        return first, list(both)

    one, at_once = asyncio.run(one_after_another())
    assert one[0] == one[1]
    assert len({greenlet for greenlet, _ in at_once}) == 2
    assert {known for _, known in one + at_once} == {"none"}


def test_what_it_raises_is_raised() -> None:
    def fail(after: bool) -> None:
        if after:
            off_loop(len, ())
        raise ValueError("no")

    for after in (False, True):
        with pytest.raises(ValueError, match="no"):
            asyncio.run(run_on_loop(fail, after))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_on_loop(off_loop, divmod, 1, 0))


def test_a_cancelled_request_ends_where_it_waits() -> None:
    ended: list[str] = []

    def wait() -> None:
        try:
            wait_for(asyncio.get_running_loop().create_future())
        finally:
            ended.append("ended")

    async def cancelled() -> None:
        task = asyncio.ensure_future(run_on_loop(wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == ["ended"]


@pytest.mark.django_db(transaction=True)
def test_queries_are_refused_on_the_loop_and_made_beside_it_for_the_same_tenant(tenant_a: TenantRecord) -> None:
    def ask() -> tuple[int, int, str | None]:
        with pytest.raises(SynchronousOnlyOperation):
            Tenant.objects.count()
        with tenant_scope(tenant_a):
            scope = off_loop(current_scope)
        return off_loop(Tenant.objects.count), off_loop(get_ident), scope.tenant_id if scope else None

    count, thread, tenant = asyncio.run(run_on_loop(ask))
    assert (count, tenant) == (Tenant.objects.count(), tenant_a.slug)
    assert thread != get_ident()


def test_elsewhere_it_is_an_ordinary_call() -> None:
    assert not is_on_loop()
    assert off_loop(get_ident) == get_ident()
