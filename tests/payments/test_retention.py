"""Stored answers are kept for thirty days, used limits until their window is long over."""

from datetime import timedelta

import pytest

from events.models import IdempotencyKey
from payment_engine.clock import now
from payment_engine.ids import first_id_at, new_id, public_id
from payments.models import LimitUsage, Reversal
from payments.operations import retention
from payments.operations.submit import submit_payments
from payments.tasks import forget_idempotency_keys, forget_limit_usages
from payments.velocity import Window
from tenants.context import tenant_scope
from tenants.models import PlatformIdempotencyKey
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type, payment


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
def test_an_answer_that_replaced_a_forgotten_one_is_kept(tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two purges at once: the other one was faster, and the key was used again since we read it."""
    facts = {"key": "k", "fingerprint": b"", "response_status": 201, "response_body": "{}"}
    with tenant_scope(tenant_a):
        old = IdempotencyKey.objects.create(id=first_id_at(now() - timedelta(days=31)), **facts)
        filter_rows = IdempotencyKey.objects.filter

        def meanwhile(**conditions: object) -> object:
            if "key__in" in conditions and filter_rows(id=old.id).delete()[0]:
                IdempotencyKey.objects.create(id=new_id(), **facts)
            return filter_rows(**conditions)

        monkeypatch.setattr(IdempotencyKey.objects, "filter", meanwhile)
        retention.forget_idempotency_keys()
        assert [key.id != old.id for key in filter_rows(key="k")] == [True]


@pytest.mark.django_db
def test_a_reversals_key_of_long_ago_gives_nothing_back_again(tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(tenant_a)
    with tenant_scope(tenant_a):
        make_payment_type()
        ada, bob = make_account(funds_minor=10_00), make_account()
        [outcome] = submit_payments([payment(ada, bob, 5_00)])
        assert outcome.payment is not None
        path, part = f"/transactions/{public_id('pay', outcome.payment.id)}/reverse", {"amount": "1.00", "reason": "too much"}
        assert api.post(path, part, key="k").status_code == 201
        IdempotencyKey.objects.filter(key="k").delete()  # as after ANSWERS_KEPT
        again = api.post(path, part, key="k")
        assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")
        assert list(Reversal.objects.values_list("amount_minor", "idempotency_key")) == [(1_00, "k")]


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
