"""Numbers of tenants: consecutive whoever asks at the same time, without gaps for what failed; the test tenant has its own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config_mgmt.operations.tenants import take_on_tenant
from config_mgmt.tenant_orders import TenantOrder
from tenants import registry
from tenants.errors import TenantExists, TenantNameInvalid
from tenants.models import Tenant
from tenants.naming import SUFFIXES, TEST_TENANT, environment_of, naming_errors
from tests.config_mgmt.tenants.conftest import OPERATOR


def take_on(slug: str, **asked: Any) -> Tenant:
    return take_on_tenant(order=TenantOrder(slug=slug, name="Bank", **asked), actor=OPERATOR)[0]


def number(tenant: Tenant) -> int:
    return int(tenant.reference.removeprefix("TIDLT-"))


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_get_fifty_consecutive_numbers(owner_connection: psycopg.Connection[Any]) -> None:
    def make(index: int) -> int:
        try:
            return number(take_on(f"crowd-{index}", features={"iso20022": True}))
        finally:
            connection.close()

    first = number(take_on("crowd-first")) + 1
    with ThreadPoolExecutor(max_workers=50) as crowd:
        numbers = sorted(crowd.map(make, range(50)))
    assert numbers == list(range(first, first + 50))


@pytest.mark.django_db(transaction=True)
def test_the_same_tenant_asked_for_at_once_is_made_once(owner_connection: psycopg.Connection[Any]) -> None:
    def make(_index: int) -> str:
        try:
            return take_on("twin-bank").reference
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as crowd:
        assert len(set(crowd.map(make, range(8)))) == 1


@pytest.mark.django_db(transaction=True)
def test_a_creation_that_fails_leaves_no_gap() -> None:
    before = number(take_on("before-bank"))
    with transaction.atomic():
        assert number(take_on("doomed-bank")) == before + 1
        transaction.set_rollback(True)
    registry.forget()
    assert number(take_on("after-bank")) == before + 1
    assert not Tenant.objects.filter(slug="doomed-bank").exists()


@pytest.mark.django_db
def test_the_test_tenant_has_its_own_number_and_moves_no_other() -> None:
    before = number(take_on("before-bank"))
    assert take_on("test-tenant", reference=TEST_TENANT).reference == "TIDLT-000000"
    assert number(take_on("after-bank")) == before + 1
    with pytest.raises(TenantExists, match="TIDLT-000000"):
        take_on("second-test", reference=TEST_TENANT)


@pytest.mark.django_db
@pytest.mark.parametrize("reference", ["TIDLT-1", "100001", "TIDLT-1000011", "tidlt-100001", "TIDLT-10000x"])
def test_a_number_is_well_formed(reference: str) -> None:
    with pytest.raises(TenantNameInvalid) as refused:
        take_on("some-bank", reference=reference)
    assert [error.pointer for error in refused.value.errors] == ["/reference"]


@given(st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,4}", fullmatch=True))
def test_a_well_formed_name_fits_the_environment_it_tells(slug: str) -> None:
    assert list(naming_errors(slug=slug, name="Bank", environment=environment_of(slug))) == []


@given(st.text(max_size=70))
def test_every_other_name_is_refused_with_one_sentence(slug: str) -> None:
    flaws = list(naming_errors(slug=slug, name="Bank", environment="PRODUCTION", legacy=True))
    well_formed = (
        slug.isascii()
        and 0 < len(slug) <= 63
        and all(part.isalnum() and part == part.lower() for part in slug.split("-"))
        and slug[0].isalpha()
    )
    assert len(flaws) == (0 if well_formed else 1)


@given(st.from_regex(r"[a-z][a-z0-9]{0,59}", fullmatch=True), st.sampled_from(["SANDBOX", "DEVELOPMENT"]))
def test_a_sandbox_says_so_and_a_legacy_name_need_not(slug: str, environment: str) -> None:
    suffix = next(suffix for suffix, meant in SUFFIXES.items() if meant == environment)
    assert [error.pointer for error in naming_errors(slug=slug, name="Bank", environment=environment)] == ["/tenantId"]
    assert list(naming_errors(slug=slug, name="Bank", environment=environment, legacy=True)) == []
    if len(slug + suffix) <= 63:
        assert list(naming_errors(slug=slug + suffix, name="Bank", environment=environment)) == []
