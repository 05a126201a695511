"""Clients of both tenants and of the platform, and the tenant whose configuration changes."""

import pytest

from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import Platform


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


@pytest.fixture
def api_b(tenant_b: TenantRecord) -> Api:
    return Api(tenant_b)


@pytest.fixture
def platform(db: None) -> Platform:
    return Platform()


@pytest.fixture
def tenant(in_tenant_a: TenantRecord) -> TenantRecord:
    return in_tenant_a
