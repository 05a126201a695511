"""What tests/kept.py spares their requests, and that it ends with whatever changes in a test, or changes back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from payments.snapshot import current_snapshot
from tenants import registry
from tenants.database.pipeline import pipelined_transaction
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.config_mgmt.changes import change
from tests.factories import make_payment_type

pytestmark = pytest.mark.django_db
INSERT = """
    INSERT INTO payment_types
    SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'code', %s::text))).*
    FROM payment_types t WHERE code = 'INTERNAL_TRANSFER'
"""


def codes() -> set[str]:
    return set(current_snapshot().terms)


def by_cursor(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [code])


def by_the_raw_connection(code: str) -> None:
    connection.cursor().close()  # binds the tenant in context
    connection.connection.execute(INSERT, [code])


def by_pipeline(code: str) -> None:
    with pipelined_transaction() as pipelined:
        pipelined.execute(INSERT, [code])


def test_reading_again_costs_no_query(in_tenant_a: TenantRecord, django_assert_num_queries: Any) -> None:
    make_payment_type()
    codes()
    with django_assert_num_queries(0):
        assert codes() == {"INTERNAL_TRANSFER"}
        assert registry.tenant_by_slug(in_tenant_a.slug).is_active


@pytest.mark.parametrize("insert", [make_payment_type, by_cursor, by_the_raw_connection, by_pipeline])
def test_a_change_is_seen_whoever_sends_it(in_tenant_a: TenantRecord, insert: Callable[[str], object]) -> None:
    make_payment_type()
    assert codes() == {"INTERNAL_TRANSFER"}
    insert("SEPA")
    assert codes() == {"INTERNAL_TRANSFER", "SEPA"}
    insert("FASTER")  # the revision moves once in a transaction
    assert codes() == {"INTERNAL_TRANSFER", "SEPA", "FASTER"}


def test_what_is_taken_back_is_seen_too(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    with transaction.atomic():
        change("66.00")
        make_payment_type("SEPA")
        assert codes() == {"INTERNAL_TRANSFER", "SEPA"}
        transaction.set_rollback(True)
    assert codes() == {"INTERNAL_TRANSFER"}


def test_the_registry_is_read_again(in_tenant_a: TenantRecord) -> None:
    assert registry.tenant_by_slug(in_tenant_a.slug).is_active
    Tenant.objects.filter(slug=in_tenant_a.slug).update(status="SUSPENDED")
    assert not registry.tenant_by_slug(in_tenant_a.slug).is_active
