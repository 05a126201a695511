"""Tenants are made one way, by one operation; a schema of one's own needs the owner."""

import pytest

from accounts.models import Customer
from tenants import registry
from tenants.context import POOL_SCHEMA, tenant_scope
from tenants.errors import OwnerLoginRequired, TenantExists, TenantNameInvalid
from tenants.models import Placement, Tenant
from tenants.operations.onboarding import create_tenant

pytestmark = pytest.mark.django_db


def test_a_shared_tenant_lives_in_the_pool_and_can_work_at_once() -> None:
    gamma = create_tenant(slug="gamma-bank", name="Gamma Bank")
    assert (gamma.schema, gamma.status) == (POOL_SCHEMA, "ACTIVE")
    with tenant_scope(registry.tenant_by_slug("gamma-bank")):
        Customer.objects.create(name="Gus")
        assert Customer.objects.count() == 1


def test_numbers_are_handed_out_one_after_the_other() -> None:
    numbers = [create_tenant(slug=f"bank-{letter}", name="Bank").reference for letter in "xyz"]
    first = int(numbers[0].removeprefix("TIDLT-"))
    assert numbers == [f"TIDLT-{first + step}" for step in range(3)]


def test_a_slug_is_taken_once() -> None:
    with pytest.raises(TenantExists):
        create_tenant(slug="beta-bank", name="Again")
    with pytest.raises(TenantExists):
        create_tenant(slug="beta-bank", name="Again", isolation="schema")  # and no schema is made for it
    assert not Placement.objects.filter(schema_name="beta_bank").exists()


@pytest.mark.parametrize("slug", ["", "Bank", "1-bank", "-bank", "bank-", "a--b", "a_b", "bänk", "a" * 64, "a b", 'a"b', "a;b", "bank\n"])
def test_a_slug_is_well_formed(slug: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug=slug, name="Bank")


@pytest.mark.parametrize("name", ["", "  ", "x" * 141])
def test_a_name_is_given(name: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug="new-bank", name=name)


@pytest.mark.parametrize("slug", ["public", "tenants", "payment-engine", "information-schema", "pg-catalog", "pg-bank"])
def test_a_schema_of_the_engine_is_nobody_s_own(slug: str) -> None:
    with pytest.raises(TenantNameInvalid):
        create_tenant(slug=slug, name="Sly Bank", isolation="schema")
    assert not Tenant.objects.filter(slug=slug).exists()


def test_isolation_is_one_of_two() -> None:
    with pytest.raises(TenantNameInvalid, match="isolation"):
        create_tenant(slug="new-bank", name="New Bank", isolation="database")


def test_the_application_makes_no_schema() -> None:
    with pytest.raises(OwnerLoginRequired):
        create_tenant(slug="new-bank", name="New Bank", isolation="schema")
    assert not Tenant.objects.filter(slug="new-bank").exists()
