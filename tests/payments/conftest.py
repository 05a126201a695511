import pytest

from tenants.registry import TenantRecord
from tests.api import Api


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)
