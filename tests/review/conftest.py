"""What is committed, for several connections."""

from collections.abc import Iterator

import pytest

from tenants.context import tenant_scope
from tenants.registry import TenantRecord


@pytest.fixture
def committed(transactional_db: None, tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a
