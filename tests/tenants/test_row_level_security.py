"""No tenant in context means no rows and refused writes; a tenant sees its own rows only."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accounts.models import Customer
from tenants.context import tenant_scope, use
from tenants.errors import TenantRequired
from tenants.queries.isolation_gaps import isolation_gaps
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db


def test_catalogs_show_no_gap() -> None:
    assert isolation_gaps() == []


def test_tenant_sees_only_its_own_rows(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        mine = Customer.objects.create(name="Ada")
        assert list(Customer.objects.all()) == [mine]
    with tenant_scope(tenant_b):
        assert not Customer.objects.filter(pk=mine.pk).exists()
        assert Customer.objects.update(name="stolen") == 0
    with use(None):
        assert Customer.objects.count() == 0


def test_write_without_a_tenant_is_refused(db: None) -> None:
    with pytest.raises(TenantRequired):
        Customer.objects.create(name="Nobody")


def test_raw_insert_for_another_tenant_is_refused(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_a), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Customer.objects.create(name="Mallory", tenant_id=tenant_b.slug)


def test_search_path_and_tenant_do_not_outlive_the_transaction(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.current_tenant', true)")
        assert cursor.fetchone() == ("alpha-bank",)
    with use(None), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.current_tenant', true)")
        assert cursor.fetchone() == ("",)


def test_foreign_key_to_another_tenants_row_fails_like_one_to_nothing(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    from accounts.models import Account

    with tenant_scope(tenant_b):
        theirs = Customer.objects.create(name="Bob")
    with tenant_scope(tenant_a), pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(customer_id=theirs.pk, number="1", name="x", currency="EUR")
        connection.check_constraints()
