"""Attacks of a stranger on configuration: fees, limits, currencies and days of payments."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from payment_engine.ids import new_id
from payments.models import LimitUsage, Payment
from payments.operations.submit import submit_payments
from payments.queries import todays_payments
from payments.queries.verify import verify_tenant
from payments.states import PaymentStatus
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.changes import change
from tests.factories import make_account, make_customer, make_payment_type, payment

pytestmark = pytest.mark.django_db


def codes(items: list[Any]) -> list[str | None]:
    return [outcome.refusal.code if outcome.refusal else None for outcome in submit_payments(items)]


class TestMoney:
    @pytest.mark.parametrize(
        ("currency", "amount", "fee"),
        [
            ("JPY", 49, 0),
            ("JPY", 50, 1),
            ("JPY", 149, 1),
            ("EUR", 50, 1),
            ("EUR", 49, 0),
            ("KWD", 1, 0),
            ("KWD", 50, 1),
            ("KWD", 1_234_567, 12_346),
        ],
    )
    def test_one_per_cent_in_every_unit(self, in_tenant_a: TenantRecord, currency: str, amount: int, fee: int) -> None:
        make_payment_type("PCT", fee_schedule={"type": "PERCENTAGE", "percentage": "1"})
        [outcome] = submit_payments(
            [payment(make_account(currency, 10_000_000), make_account(currency), amount, currency=currency, payment_type="PCT")]
        )
        assert outcome.payment is not None
        assert outcome.payment.fee_minor == fee
        assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []

    def test_a_fee_no_account_can_hold(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("DEAR", processing_fee=Decimal(9000000000000000))
        rich = make_account(overdraft_limit_minor=10**18 - 1)
        bob = make_account()
        made = []
        for _ in range(13):
            account = make_account(overdraft_limit_minor=10**18 - 1)
            made += codes([payment(account, bob, 1, payment_type="DEAR")])
        assert set(made) <= {None, "limit_exceeded", "insufficient_funds"}
        assert rich

    def test_the_creditor_pays_and_the_payment_is_reversed(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("COLLECT", fee_schedule={"type": "FLAT", "amount": "1.00", "payer": "CREDITOR"})
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        [outcome] = submit_payments([payment(ada, bob, 10_00, payment_type="COLLECT")])
        assert outcome.payment is not None
        path = f"/transactions/pay_{outcome.payment.id.hex}/reverse"
        assert api.post(path, {"reason": "r"}).status_code == 422
        assert api.post(path, {"reason": "r", "amount": "9.00"}).status_code == 201
        assert api.post(path, {"reason": "r"}).status_code == 422
        assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []

    def test_a_replay_uses_nothing_of_a_limit(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 2}])
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        body = {"paymentType": "FAST", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "amount": "1", "currency": "EUR"}
        answers = [api.post("/transactions", body, key=key).status_code for key in ("a", "a", "a", "b", "a", "c", "b", "c")]
        assert answers == [201, 201, 201, 201, 201, 422, 201, 422]
        assert LimitUsage.objects.get().count == 2

    def test_a_reversal_gives_no_room_and_a_rejection_takes_none(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 2}])
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        message = new_id()
        items = [payment(ada, bob, 200_00, payment_type="FAST", message_id=message)] + [
            payment(ada, bob, 1_00, payment_type="FAST", message_id=message) for _ in range(4)
        ]
        assert codes(items) == ["insufficient_funds", None, None, "limit_exceeded", "limit_exceeded"]
        assert Counter(Payment.objects.values_list("status", flat=True)) == {PaymentStatus.COMPLETED: 2, PaymentStatus.REJECTED: 3}
        made = Payment.objects.filter(status=PaymentStatus.COMPLETED).first()
        assert made is not None
        assert api.post(f"/transactions/{made.public_id}/reverse", {"reason": "r"}).status_code == 201
        assert codes([payment(ada, bob, 1_00, payment_type="FAST")]) == ["limit_exceeded"]


class TestSettingsAreRead:
    def test_an_account_without_a_currency(self, in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        change("CHF", key="payment.default_currency")
        opened = {}
        for tenant in (in_tenant_a, tenant_b):
            with tenant_scope(tenant):
                customer = make_customer()
                answer = Api(tenant).post("/accounts", {"customerId": customer.public_id, "name": "Savings", "overdraftLimit": "1.05"})
                opened[tenant.slug] = answer.json()["currency"]
        assert opened == {"alpha-bank": "CHF", "beta-bank": "EUR"}

    def test_today_begins_at_midnight_of_the_tenant(self, in_tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
        make_payment_type()
        ada, bob = make_account(funds_minor=100_00), make_account()
        [outcome] = submit_payments([payment(ada, bob)])
        assert outcome.payment is not None
        made_at = outcome.payment.created_at
        asked_at = made_at + timedelta(hours=6)
        monkeypatch.setattr(todays_payments, "now", lambda: asked_at)
        for hours in range(-12, 15):
            change(f"Etc/GMT{-hours:+d}", key="tenant.time_zone")
            same_day = (made_at + timedelta(hours=hours)).date() == (asked_at + timedelta(hours=hours)).date()
            assert [row.count for row in todays_payments.sums_of_todays_payments()] == [1] * same_day, hours
