from collections.abc import Iterator

import pytest
from django.test import Client
from selenium import webdriver

from tenants.models import Tenant
from tenants.operations.staff import create_staff_user
from tenants.registry import TenantRecord
from tests.portal.browser import chromium

PASSWORD = "correct-horse-battery"


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


def signed_in(tenant: TenantRecord | None) -> Client:
    name = f"{tenant.slug}-operator" if tenant else "platform"
    client = Client()
    owner = Tenant.objects.get(slug=tenant.slug) if tenant else None
    client.force_login(create_staff_user(username=name, password=PASSWORD, tenant=owner))
    return client


@pytest.fixture
def operator_a(tenant_a: TenantRecord) -> Client:
    """Signed in for tenant A."""
    return signed_in(tenant_a)


@pytest.fixture
def operator_b(tenant_b: TenantRecord) -> Client:
    return signed_in(tenant_b)


@pytest.fixture
def platform(transactional_db: None) -> Client:
    """Platform staff; what they read across tenants comes over another connection, so tests of it commit."""
    return signed_in(None)
