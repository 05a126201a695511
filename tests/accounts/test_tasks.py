"""What beat sends: folding and proving, tenant by tenant."""

import logging

import pytest

from accounts.models import Account, BalanceDelta, Hold
from accounts.tasks import fold_balances
from payment_engine import settings
from payment_engine.celery import app
from payment_engine.ids import new_id
from payments.tasks import LEDGER_VERIFIED, LEDGER_VIOLATIONS, verify_ledger
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_folding_reaches_every_tenant(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            make_account(funds_minor=100)
            make_account(funds_minor=200)
    assert fold_balances() == 4
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            assert Account.objects.get(role="EQUITY").booked_minor == -300
            assert BalanceDelta.objects.count() == 0
    assert fold_balances() == 0


@pytest.mark.django_db
def test_proving_tells_the_metrics_and_the_log(tenant_a: TenantRecord, caplog: pytest.LogCaptureFixture) -> None:
    assert verify_ledger() == 0
    assert LEDGER_VIOLATIONS.labels("payments under way have their hold")._value.get() == 0
    with tenant_scope(tenant_a):
        account = make_account(funds_minor=100)
        Hold.objects.create(account_id=account.id, payment_id=new_id(), amount_minor=1, currency="EUR")
    with caplog.at_level(logging.ERROR, logger="payments.tasks"):
        assert verify_ledger() == 1
    assert [record.message for record in caplog.records] == ["ledger violated"]
    assert LEDGER_VIOLATIONS.labels("payments under way have their hold")._value.get() == 1
    assert LEDGER_VERIFIED._value.get() > 0


def test_every_task_of_the_schedule_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= app.tasks.keys()
