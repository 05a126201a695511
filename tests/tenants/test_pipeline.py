"""The pipelined transaction: one connection, all or nothing, and as good as new after whatever went wrong."""

from uuid import UUID

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, transaction

from accounts.models import Customer
from payment_engine.ids import new_id
from tenants.context import tenant_scope
from tenants.database.pipeline import ConnectionDied, PipelinedTransaction, pipelined_transaction
from tenants.registry import TenantRecord

_INSERT = "INSERT INTO customers (id, tenant_id, name, email) VALUES (%s, %s, %s, '')"


def add_customer(pipelined: PipelinedTransaction, tenant: TenantRecord, name: str, *, id: UUID | None = None) -> UUID:  # noqa: A002
    customer_id = id or new_id()
    pipelined.execute(_INSERT, [customer_id, tenant.slug, name])
    return customer_id


def names() -> set[str]:
    return set(Customer.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_what_is_queued_is_committed_together(in_tenant_a: TenantRecord) -> None:
    with pipelined_transaction() as pipelined:
        add_customer(pipelined, in_tenant_a, "Ada")
        rows = pipelined.queue("SELECT name FROM customers WHERE name = %s", ["Ada"])
        assert rows.fetchall() == [("Ada",)]
        add_customer(pipelined, in_tenant_a, "Bob")
    assert names() == {"Ada", "Bob"}


@pytest.mark.django_db(transaction=True)
def test_an_error_of_the_body_undoes_everything(in_tenant_a: TenantRecord) -> None:
    def body() -> None:
        with pipelined_transaction() as pipelined:
            add_customer(pipelined, in_tenant_a, "Ada")
            raise LookupError

    with pytest.raises(LookupError):
        body()
    assert names() == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_trips", [1, 2])
def test_an_error_of_a_statement_undoes_everything_and_the_connection_goes_on(in_tenant_a: TenantRecord, round_trips: int) -> None:
    def same_id_twice() -> None:
        with pipelined_transaction() as pipelined:
            taken = add_customer(pipelined, in_tenant_a, "Ada")
            add_customer(pipelined, in_tenant_a, "Bob", id=taken)
            if round_trips > 1:
                pipelined.send()

    for _ in range(2):  # the second time the statements are prepared already
        with pytest.raises(IntegrityError):
            same_id_twice()
    with pipelined_transaction() as pipelined:
        add_customer(pipelined, in_tenant_a, "Eve")
    assert names() == {"Eve"}


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_cannot_be_prepared_is_no_trap_for_the_next_time(in_tenant_a: TenantRecord) -> None:
    def unknown_table() -> None:
        with pipelined_transaction() as pipelined:
            pipelined.execute("SELECT * FROM no_such_table")
            add_customer(pipelined, in_tenant_a, "Ada")

    for _ in range(2):
        with pytest.raises(ProgrammingError, match="no_such_table"):
            unknown_table()
    with pipelined_transaction() as pipelined:
        add_customer(pipelined, in_tenant_a, "Ada")
    assert names() == {"Ada"}


@pytest.mark.django_db(transaction=True)
def test_text_postgresql_cannot_store_is_refused_before_it_is_sent(in_tenant_a: TenantRecord) -> None:
    with pytest.raises(DataError), pipelined_transaction() as pipelined:
        add_customer(pipelined, in_tenant_a, "A\0da")
    assert names() == set()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_before_commit_is_told_apart_and_replaced(in_tenant_a: TenantRecord) -> None:
    def cut_halfway() -> None:
        with pipelined_transaction() as pipelined:
            assert pipelined.started_at
            terminate(connection.connection.info.backend_pid)
            add_customer(pipelined, in_tenant_a, "Ada")
            pipelined.send()

    with pytest.raises(ConnectionDied):
        cut_halfway()
    with pipelined_transaction() as pipelined:
        add_customer(pipelined, in_tenant_a, "Bob")
    assert names() == {"Bob"}


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_at_commit_is_no_invitation_to_try_again(in_tenant_a: TenantRecord) -> None:
    def cut_at_the_end() -> None:
        with pipelined_transaction() as pipelined:
            assert pipelined.started_at
            add_customer(pipelined, in_tenant_a, "Ada")
            terminate(connection.connection.info.backend_pid)

    with pytest.raises(OperationalError) as caught:
        cut_at_the_end()
    assert not isinstance(caught.value, ConnectionDied)
    assert names() == set()


@pytest.mark.django_db
def test_inside_a_transaction_it_is_a_savepoint_of_it(in_tenant_a: TenantRecord) -> None:
    with transaction.atomic():
        with pipelined_transaction() as pipelined:
            taken = add_customer(pipelined, in_tenant_a, "Ada")
        with pytest.raises(IntegrityError), pipelined_transaction() as pipelined:
            add_customer(pipelined, in_tenant_a, "Bob", id=taken)
        Customer.objects.create(name="Eve")
    assert names() == {"Ada", "Eve"}


@pytest.mark.django_db
def test_inside_a_transaction_the_tenant_around_it_stays_bound(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    Customer.objects.create(name="Ada")
    with tenant_scope(tenant_b), pipelined_transaction() as pipelined:
        assert pipelined.queue("SELECT name FROM customers").fetchall() == []
        add_customer(pipelined, tenant_b, "Bob")
    assert names() == {"Ada"}


def terminate(backend_pid: int) -> None:
    """What a restart of the server does to the connection."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], password=settings["PASSWORD"], dbname=settings["NAME"]
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend_pid])
