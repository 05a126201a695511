import pytest
from django.test import Client

from tenants.models import Tenant
from tenants.operations.staff import create_staff_user
from tenants.registry import TenantRecord
from tests.portal.conftest import PASSWORD


@pytest.fixture
def colleague_a(tenant_a: TenantRecord) -> Client:
    """Another person of tenant A."""
    client = Client()
    client.force_login(create_staff_user(username="bea", password=PASSWORD, tenant=Tenant.objects.get(slug=tenant_a.slug)))
    return client
