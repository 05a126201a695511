"""The tenant in context reaches PostgreSQL in every situation a statement can be in, and never outlives it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, connections, transaction
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from accounts.models import Account, Customer
from tenants.context import POOL_SCHEMA, current_scope, current_tenant_id, platform_scope, scope_of, tenant_scope, use
from tenants.errors import TenantRequired
from tenants.middleware import portal_tenant_middleware
from tenants.models import StaffUser
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "platform"])


@pytest.fixture
def ann(tenant_a: TenantRecord) -> Customer:
    with tenant_scope(tenant_a):
        return Customer.objects.create(name="Ann")


@pytest.fixture
def ben(tenant_b: TenantRecord) -> Customer:
    with tenant_scope(tenant_b):
        return Customer.objects.create(name="Ben")


@pytest.fixture(autouse=True)
def _both(ann: Customer, ben: Customer) -> None:
    """Each tenant has one customer, committed."""


def names() -> list[str]:
    return list(Customer.objects.order_by("name").values_list("name", flat=True))


def bound_to() -> tuple[str | None, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.current_tenant', true), current_setting('search_path')")
        tenant, path = cursor.fetchone()
    return tenant, path


def in_thread(work: Callable[[], Any]) -> Any:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


# --- No tenant -------------------------------------------------------------------------------------------------------


def test_no_tenant_reads_changes_and_deletes_nothing() -> None:
    for within in (use(None), transaction.atomic()):
        with within:
            assert names() == []
            assert Customer.objects.update(name="stolen") == 0
            assert Customer.objects.filter(name__gt="").exists() is False


def test_no_tenant_makes_no_object() -> None:
    with pytest.raises(TenantRequired):
        Customer(name="Nobody")
    with pytest.raises(TenantRequired):
        current_tenant_id()


@pytest.mark.parametrize(
    ("tenant_id", "refusal"), [("alpha-bank", "row-level security"), ("", "row-level security|customers_tenant_given")]
)
def test_no_tenant_inserts_nothing_in_sql(tenant_id: str, refusal: str) -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match=refusal):
        cursor.execute("INSERT INTO customers (id, tenant_id, name, email) VALUES (gen_random_uuid(), %s, 'x', '')", [tenant_id])


def test_an_empty_tenant_id_can_not_be_stored(tenant_a: TenantRecord, owner_database: Any) -> None:
    with owner_database.cursor() as cursor, pytest.raises(IntegrityError, match="customers_tenant_given"):
        cursor.execute(
            f"SET app.current_tenant = ''; INSERT INTO \"{tenant_a.schema}\".customers (id, tenant_id, name, email)"
            " VALUES (gen_random_uuid(), '', 'x', '')"
        )


def test_after_a_commit_an_unbound_statement_sees_nothing_and_fails_not(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a), transaction.atomic():
        assert names() == ["Ann"]
    assert bound_to()[0] == ""
    assert names() == []


# --- One statement, one transaction ----------------------------------------------------------------------------------


def test_a_statement_in_autocommit_is_bound(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        assert names() == ["Ann"]
        assert bound_to() == ("alpha-bank", f"{tenant_a.schema}, public, pg_temp")
        assert connection.get_autocommit() is True


def test_a_failed_statement_in_autocommit_leaves_the_connection_usable(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        assert names() == ["Ann"]


def test_iterator_in_autocommit(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        for number in range(5):
            Customer.objects.create(name=f"Ann {number}")
        assert sum(1 for _ in Customer.objects.iterator(chunk_size=2)) == 6


def test_tenants_take_turns_on_one_connection(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    seen = []
    for tenant in (tenant_a, tenant_b, None) * 5:
        with use(scope_of(tenant) if tenant else None):
            seen.append(names())
    assert seen == [["Ann"], ["Ben"], []] * 5


def test_manual_transactions_are_bound(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    connection.set_autocommit(False)
    try:
        with tenant_scope(tenant_a):
            assert names() == ["Ann"]
        connection.commit()
        with tenant_scope(tenant_b):
            assert names() == ["Ben"]
            connection.rollback()
            assert names() == ["Ben"]
        assert names() == []
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def test_copy_is_bound_though_it_skips_the_wrappers(tenant_a: TenantRecord) -> None:
    statement = "COPY (SELECT name FROM customers) TO STDOUT"
    with tenant_scope(tenant_a), transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        assert b"".join(bytes(block) for block in copy) == b"Ann\n"


# --- Scopes that change ----------------------------------------------------------------------------------------------


def test_the_scope_may_change_inside_a_transaction(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with transaction.atomic():
        with tenant_scope(tenant_a):
            assert names() == ["Ann"]
            with tenant_scope(tenant_b):
                assert names() == ["Ben"]
            assert names() == ["Ann"]
        assert names() == []


def test_a_cursor_serves_the_scope_it_is_used_in(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_b), connection.cursor() as cursor, tenant_scope(tenant_a):
        cursor.execute("SELECT name FROM customers")
        assert cursor.fetchall() == [("Ann",)]


def test_a_savepoint_made_for_another_tenant(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_a), transaction.atomic():
        savepoint = transaction.savepoint()
        with tenant_scope(tenant_b):
            assert names() == ["Ben"]
        transaction.savepoint_rollback(savepoint)
        assert names() == ["Ann"]


def test_an_error_in_another_tenants_savepoint(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    """The rollback comes back into a scope the failed transaction was not bound to: it must not try to bind it."""
    with tenant_scope(tenant_a), transaction.atomic():
        assert names() == ["Ann"]
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic(), tenant_scope(tenant_b):
            Customer.objects.create(name="Mallory", tenant_id="alpha-bank")
        assert names() == ["Ann"]
        Customer.objects.create(name="Anton")
    with tenant_scope(tenant_a):
        assert names() == ["Ann", "Anton"]


def test_an_error_in_one_s_own_savepoint(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a), transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        assert names() == ["Ann"]


def test_hooks_run_in_the_scope_that_registered_them(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    seen: list[tuple[list[str], object]] = []

    def hook() -> None:
        scope = current_scope()
        seen.append((names(), scope and scope.tenant_id))

    with tenant_scope(tenant_b):
        with transaction.atomic():
            transaction.on_commit(hook)
            with tenant_scope(tenant_a):
                transaction.on_commit(hook, robust=True)
            with use(None):
                transaction.on_commit(hook)
        assert current_tenant_id() == "beta-bank"
    assert seen == [(["Ben"], "beta-bank"), (["Ann"], "alpha-bank"), ([], None)]


def test_a_rolled_back_hook_never_runs(tenant_a: TenantRecord) -> None:
    ran: list[int] = []
    with tenant_scope(tenant_a), transaction.atomic(), suppress(ZeroDivisionError), transaction.atomic():
        transaction.on_commit(lambda: ran.append(1))
        raise ZeroDivisionError
    assert ran == []


# --- Elsewhere -------------------------------------------------------------------------------------------------------


def test_a_new_thread_has_no_tenant(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        assert in_thread(names) == []


def test_a_thread_carries_a_copied_context(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        carried = copy_context()
    with tenant_scope(tenant_b):
        assert in_thread(lambda: carried.run(names)) == ["Ann"]
        assert names() == ["Ben"]


def test_async_work_of_two_tenants_side_by_side(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    def look() -> list[str]:
        try:
            return names()
        finally:
            connections.close_all()

    async def looks(tenant: TenantRecord) -> list[list[str]]:
        with tenant_scope(tenant):
            return [await sync_to_async(look, thread_sensitive=False)() for _ in range(5)]

    async def both() -> list[list[list[str]]]:
        return list(await asyncio.gather(*(looks(tenant) for tenant in (tenant_a, tenant_b) * 5)))

    assert in_thread(lambda: asyncio.run(both())) == [[["Ann"]] * 5, [["Ben"]] * 5] * 5


def test_a_streamed_answer_is_made_in_the_scope_of_its_request(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    def view(_request: HttpRequest) -> HttpResponseBase:
        def lines() -> Iterator[bytes]:
            for _ in range(2):
                yield ",".join(names()).encode() + b";"

        return StreamingHttpResponse(lines())

    request = RequestFactory().get("/admin/")
    request.user = StaffUser(username="ann", is_staff=True, tenant_id=tenant_a.slug)
    response = portal_tenant_middleware(view)(request)
    assert isinstance(response, StreamingHttpResponse)
    with tenant_scope(tenant_b):
        assert b"".join(response) == b"Ann;Ann;"
        assert names() == ["Ben"]


# --- The platform ----------------------------------------------------------------------------------------------------


def test_the_platform_reads_every_tenant_of_one_schema(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with platform_scope():
        assert names() == (["Ann", "Ben"] if tenant_a.schema == POOL_SCHEMA else ["Ben"])
    with platform_scope(tenant_a.schema):
        assert "Ann" in names()


def test_the_platform_writes_nothing(ben: Customer) -> None:
    with platform_scope():
        assert Customer.objects.update(name="stolen") == 0
        with transaction.atomic():
            assert list(Customer.objects.using("default").select_for_update()) == []
        with pytest.raises(TenantRequired):
            Customer.objects.create(name="Nobody")
        seen = Customer.objects.get(pk=ben.pk)
        seen.name = "stolen"
        with pytest.raises(ProgrammingError, match="row-level security"):
            seen.save()
    for statement in ("UPDATE customers SET name = 'stolen'", "SET TRANSACTION READ WRITE; DELETE FROM customers"):
        with (
            platform_scope(),
            connections["platform"].cursor() as cursor,
            pytest.raises(DatabaseError, match=r"read-only|permission denied"),
        ):
            cursor.execute(statement)


def test_what_the_platform_read_is_read_again_with_the_tenants_eyes(tenant_a: TenantRecord, tenant_b: TenantRecord, ben: Customer) -> None:
    with tenant_scope(tenant_b):
        account = Account.objects.create(customer=ben, number="1", name="current", currency="EUR")
    with platform_scope():
        seen = Account.objects.get(pk=account.pk)
    with tenant_scope(tenant_a), pytest.raises(Customer.DoesNotExist):
        seen.customer  # noqa: B018  # the look-up is the test
    with tenant_scope(tenant_b):
        assert seen.customer == ben
        seen.name = "savings"
        seen.save(update_fields=["name"])
        assert Account.objects.get().name == "savings"


# --- Objects that stray ----------------------------------------------------------------------------------------------


def test_an_object_saved_in_another_scope_is_an_error(tenant_a: TenantRecord, ben: Customer) -> None:
    with tenant_scope(tenant_a):
        with pytest.raises(ProgrammingError, match="row-level security"):
            ben.save()
        with pytest.raises(DatabaseError, match="did not affect any rows"):
            ben.save(update_fields=["name"])
        with pytest.raises(Customer.DoesNotExist):
            ben.refresh_from_db()


def test_the_same_id_and_number_may_exist_at_both_tenants(tenant_a: TenantRecord, tenant_b: TenantRecord, ben: Customer) -> None:
    with tenant_scope(tenant_a):
        Customer.objects.create(id=ben.pk, name="Anna", reference="R-1")
    with tenant_scope(tenant_b):
        Customer.objects.filter(pk=ben.pk).update(reference="R-1")
        assert Customer.objects.get(pk=ben.pk).name == "Ben"


# --- The owner's login -----------------------------------------------------------------------------------------------


def test_a_data_migration_without_a_tenant_sees_nothing(owner_database: Any) -> None:
    owner_database.set_schema(POOL_SCHEMA)
    with transaction.atomic(using="owner"):
        assert Customer.objects.using("owner").update(name="changed") == 0


def test_a_data_migration_goes_through_the_tenants(tenant_a: TenantRecord, tenant_b: TenantRecord, owner_database: Any) -> None:
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant), transaction.atomic(using="owner"):
            assert Customer.objects.using("owner").update(name="changed") == 1
    with tenant_scope(tenant_a):
        assert names() == ["changed"]
