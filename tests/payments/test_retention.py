"""Stored answers are kept for thirty days, used limits until their window is long over."""

from datetime import timedelta

import pytest

from events.models import IdempotencyKey
from payment_engine.clock import now
from payment_engine.ids import first_id_at, new_id
from payments.models import LimitUsage
from payments.operations import retention
from payments.tasks import forget_idempotency_keys, forget_limit_usages
from payments.velocity import Window
from tenants.context import tenant_scope
from tenants.models import PlatformIdempotencyKey
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


@pytest.mark.django_db
def test_old_answers_of_the_platform_are_forgotten() -> None:
    for days in (0, 29, 31):
        facts = {"fingerprint": b"", "response_status": 201, "response_body": "{}", "created_at": now() - timedelta(days=days)}
        PlatformIdempotencyKey.objects.create(key=f"{days}", **facts)
    assert forget_idempotency_keys() == 1
    assert set(PlatformIdempotencyKey.objects.values_list("key", flat=True)) == {"0", "29"}


@pytest.mark.django_db
def test_usage_of_windows_that_are_long_over_is_forgotten(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        for window, days in ((Window.MINUTE, 0), (Window.DAY, 1), (Window.DAY, 3), (Window.MONTH, 30), (Window.MONTH, 34)):
            start = now() - timedelta(days=days)
            facts = {"amount_minor": 1, "count": 1, "counted_until": start}
            LimitUsage.objects.create(account_id=new_id(), payment_type="X", window_kind=window, window_start=start, **facts)
    assert forget_limit_usages() == 2
    with tenant_scope(tenant_a):
        assert sorted(LimitUsage.objects.values_list("window_kind", flat=True)) == ["DAY", "MINUTE", "MONTH"]
