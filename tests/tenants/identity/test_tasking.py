"""Tasks carry their tenant; the doorbell never blocks and never raises."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django.db import OperationalError, transaction
from oauth2_provider.models import get_access_token_model

from accounts.models import Customer
from payment_engine.clock import now
from tenants.context import current_scope, platform_scope, tenant_scope
from tenants.errors import TenantRequired, TenantUnknown
from tenants.operations.clients import ClientCredentials
from tenants.registry import TenantRecord
from tenants.tasking import PlatformTask, TenantTask, doorbell, ring, ring_on_commit
from tenants.tasks import clear_expired_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]

app = Celery("tests", broker="memory://", set_as_current=False)
ran: list[Any] = []


@app.task(base=TenantTask, name="tests.note")
def note(word: str) -> int:
    scope = current_scope()
    ran.append((word, scope.tenant_id if scope else None))
    return Customer.objects.count()


@app.task(base=PlatformTask, name="tests.note_platform")
def note_platform() -> None:
    ran.append(current_scope())


@app.task(base=TenantTask, name="tests.database_is_away")
def database_is_away() -> None:
    raise OperationalError("the connection is closed")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    ran.clear()
    doorbell.open()
    yield
    doorbell.open()


def last_message() -> Any:
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        message = queue.get(block=False)
        message.ack()
        return message


def test_a_message_carries_the_tenant_it_was_sent_for(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        note.apply_async(("hello",))
    assert last_message().headers["tenant_id"] == "alpha-bank"


def test_delay_does_as_well(tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_b):
        note.delay("hello")
    assert last_message().headers["tenant_id"] == "beta-bank"


def test_other_headers_stay(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        note.apply_async(("hello",), headers={"engine_correlation_id": "c-1"})
    assert last_message().headers["engine_correlation_id"] == "c-1"


def test_without_a_tenant_nothing_is_sent() -> None:
    with pytest.raises(TenantRequired):
        note.delay("hello")
    with platform_scope(), pytest.raises(TenantRequired):
        note.delay("hello")


def test_it_runs_in_that_tenant_and_sees_its_rows_only(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        Customer.objects.create(name="Anna")
        counted_a = note.apply(("a",)).get()
    with tenant_scope(tenant_b):
        counted_b = note.apply(("b",)).get()
    assert (counted_a, counted_b) == (1, 0)
    assert ran == [("a", "alpha-bank"), ("b", "beta-bank")]


def test_the_header_decides_not_the_scope_of_the_worker(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        note.apply(("x",), headers={"tenant_id": "beta-bank"})
        assert current_scope().tenant_id == "alpha-bank"  # type: ignore[union-attr]
    assert ran == [("x", "beta-bank")]


def test_a_plain_call_runs_in_the_tenant_in_context(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        note("direct")
    assert ran == [("direct", "alpha-bank")]
    with pytest.raises(TenantRequired):
        note("direct")


def test_a_tenant_that_is_gone_fails_the_task() -> None:
    with pytest.raises(TenantUnknown):
        note.apply(("x",), headers={"tenant_id": "no-such-bank"}, throw=True)
    assert ran == []


def test_a_platform_task_runs_in_no_scope(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        note_platform.apply()
    note_platform.apply()
    assert ran == [None, None]


def test_a_database_failure_is_one_line_and_no_traceback(tenant_a: TenantRecord, caplog: pytest.LogCaptureFixture) -> None:
    with tenant_scope(tenant_a), caplog.at_level(logging.INFO, logger="tenants.tasking"):
        assert database_is_away.apply().state == "IGNORED"
    (line,) = [record for record in caplog.records if record.name == "tenants.tasking"]
    assert (line.levelname, line.exc_info) == ("WARNING", None)


def test_ring_sends(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        assert ring(note, "hello") is True
    assert last_message().headers["tenant_id"] == "alpha-bank"


@pytest.fixture
def deaf_note() -> Any:
    """A task whose broker is not there: nothing listens on this port."""
    deaf = Celery("deaf", broker="redis://127.0.0.1:1/0", set_as_current=False)
    deaf.conf.broker_transport_options = {"socket_connect_timeout": 1, "max_retries": 0}

    @deaf.task(base=TenantTask, name="tests.deaf")
    def listen(word: str) -> None:
        raise AssertionError(word)

    return listen


def test_ring_without_a_broker_is_false_quick_and_one_warning(
    tenant_a: TenantRecord, deaf_note: Any, caplog: pytest.LogCaptureFixture
) -> None:
    started = time.monotonic()
    with tenant_scope(tenant_a), caplog.at_level(logging.WARNING, logger="tenants.tasking"):
        assert [ring(deaf_note, "x") for _ in range(100)] == [False] * 100
    assert time.monotonic() - started < 2
    assert len([record for record in caplog.records if record.name == "tenants.tasking"]) == 1


def test_the_engines_own_settings_never_wait_long_for_a_broker() -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert options["max_retries"] == 0
    assert options["socket_connect_timeout"] + options["socket_timeout"] <= 3


@pytest.mark.django_db(transaction=True)
def test_ring_on_commit_waits_for_the_commit_and_keeps_the_tenant(tenant_a: TenantRecord) -> None:
    with transaction.atomic():
        with tenant_scope(tenant_a):
            ring_on_commit(note, "later")
        with app.connection_for_read() as connection:
            assert connection.SimpleQueue("celery").qsize() == 0
    assert last_message().headers["tenant_id"] == "alpha-bank"


@pytest.mark.django_db(transaction=True)
def test_ring_on_commit_after_a_rollback_is_silent(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a), transaction.atomic():
        ring_on_commit(note, "never")
        transaction.set_rollback(True)
    with app.connection_for_read() as connection:
        assert connection.SimpleQueue("celery").qsize() == 0


def test_expired_tokens_are_cleared_and_live_ones_stay(client_a: ClientCredentials, token_of: Any) -> None:
    tokens = get_access_token_model().objects
    token_of(client_a)
    tokens.update(expires=now() - timedelta(seconds=1))
    token_of(client_a)
    assert clear_expired_tokens.apply().get() == 1
    assert tokens.count() == 1
