"""Stored answers are kept for thirty days."""

from datetime import timedelta

import pytest

from events.models import IdempotencyKey
from payment_engine.clock import now
from payment_engine.ids import first_id_at
from payments.operations import retention
from payments.tasks import forget_idempotency_keys
from tenants.context import tenant_scope
from tenants.registry import TenantRecord


@pytest.mark.django_db
def test_old_answers_of_every_tenant_are_forgotten(tenant_a: TenantRecord, tenant_b: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)  # several rounds with few rows
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            for days in (0, 29, 31, 32, 33):
                made_then = first_id_at(now() - timedelta(days=days))
                IdempotencyKey.objects.create(id=made_then, key=f"{days}", fingerprint=b"", response_status=201, response_body="{}")
    assert forget_idempotency_keys() == 6
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"0", "29"}
