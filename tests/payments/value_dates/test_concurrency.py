"""Two at once: real threads, real connections, committed transactions."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date

import pytest
from django.db import connections

from config_mgmt.values import Actor
from payment_engine.errors import EngineError
from payments.models import CalendarDay
from payments.operations.calendars import add_calendar_day, remove_calendar_day
from payments.queries.calendars import current_calendars, find_calendar
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db(transaction=True)
ADA = Actor(name="ada-client", person="ada")
WEDNESDAY = date(2026, 6, 10)


def outcomes_of(count: int, work: Callable[[], object]) -> Counter[str]:
    def in_thread() -> str:
        try:
            work()
        except EngineError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(copy_context().run, in_thread) for _ in range(count)]
        return Counter(future.result() for future in futures)


def close() -> None:
    add_calendar_day(calendar="TARGET2", day=WEDNESDAY, is_business_day=False, name="Move", actor=ADA)


def test_a_day_added_by_many_at_once_is_added_once(in_tenant_a: TenantRecord) -> None:
    assert outcomes_of(8, close) == {"done": 1, "calendar_day_exists": 7}
    assert CalendarDay.objects.count() == 1


def test_a_day_removed_by_many_at_once_is_removed_once(in_tenant_a: TenantRecord) -> None:
    close()
    removed = outcomes_of(8, lambda: remove_calendar_day(calendar="TARGET2", day=WEDNESDAY, actor=ADA))
    assert removed == {"done": 1, "not_found": 7}


def test_calendars_are_compiled_once_until_one_is_changed(in_tenant_a: TenantRecord) -> None:
    before = current_calendars()
    assert current_calendars() is before
    close()
    assert not find_calendar("TARGET2").is_business_day(WEDNESDAY)
    assert before["TARGET2"].is_business_day(WEDNESDAY)
