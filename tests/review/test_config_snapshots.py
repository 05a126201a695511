"""Attacks of a stranger on configuration: what a process knows of it, while others change it or take it back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from config_mgmt.snapshots import SnapshotCache
from payment_engine.api.scopes import PLATFORM_ADMIN
from payments.operations.submit import submit_payments
from tenants import registry
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.changes import KEY as LIMIT
from tests.config_mgmt.changes import change, in_force
from tests.factories import make_account, make_payment_type, payment
from tests.review.platform_api import PlatformApi, config

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestSnapshots:
    def beside(self, tenant: TenantRecord, work: Callable[[], Any]) -> None:
        """In a transaction of somebody else, committed when this returns."""

        def run() -> None:
            try:
                with tenant_scope(tenant):
                    work()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    def test_a_revision_seen_in_a_transaction_that_failed(self, committed: TenantRecord) -> None:
        change("1.00")
        reads: list[Any] = []

        def load(_revision: int) -> Any:
            value = in_force()
            reads.append(value)
            if len(reads) == 1:
                self.beside(committed, lambda: change("2.00"))
            return value

        cache = SnapshotCache(load)
        registry.forget()
        with transaction.atomic():
            change("66.00")
            registry.forget()
            registry.tenant_by_slug(committed.slug)
            transaction.set_rollback(True)
        cache.current()
        registry.forget()
        assert cache.current() == "2.00"

    def test_changes_faster_than_they_are_read(self, committed: TenantRecord) -> None:
        change("1.00")
        numbers = iter(range(2, 100))
        busy = True

        def load(_revision: int) -> Any:
            value = in_force()
            if busy:
                self.beside(committed, lambda: change(f"{next(numbers)}.00"))
            return value

        cache = SnapshotCache(load)
        cache.current()
        busy = False
        registry.forget()
        assert cache.current() == in_force()

    def test_a_process_never_keeps_what_was_rolled_back(self, committed: TenantRecord) -> None:
        api, path = Api(committed), config(committed, "/config")
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        submit_payments([payment(ada, bob)])
        for _ in range(3):
            items = [{"kind": "SETTING", "key": LIMIT, "value": "0.01"}, {"kind": "SETTING", "key": "custom.a", "value": 1}]
            assert api.post(f"{path}/validate", {"items": items}).status_code == 200
            registry.forget()
            with transaction.atomic():
                change("0.01")
                registry.forget()
                submit_payments([payment(ada, bob)])
                transaction.set_rollback(True)
            [outcome] = submit_payments([payment(ada, bob)])
            assert outcome.refusal is None
        assert registry.config_revision_of(committed.slug) == registry.tenant_by_slug(committed.slug).config_revision

    def test_a_change_is_read_at_once_where_it_was_made(self, committed: TenantRecord) -> None:
        api = Api(committed)
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        body = {
            "paymentType": "INTERNAL_TRANSFER",
            "debtorAccount": ada.public_id,
            "creditorAccount": bob.public_id,
            "amount": "1.00",
            "currency": "EUR",
        }
        for limit, status in (("0.50", 422), ("500", 201), ("0.60", 422), (None, 201)):
            assert api.post(config(committed, "/config"), {"configKey": LIMIT, "configValue": limit}).status_code == 201
            assert api.post("/transactions", body).status_code == status

    def test_a_suspended_tenant_takes_no_money_and_reads(self, committed: TenantRecord) -> None:
        admin = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", "payments:read", "payments:write")
        api = Api(committed)
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        body = {
            "paymentType": "INTERNAL_TRANSFER",
            "debtorAccount": ada.public_id,
            "creditorAccount": bob.public_id,
            "amount": "1.00",
            "currency": "EUR",
        }
        assert admin.send("PATCH", config(committed), {"status": "SUSPENDED"}).status_code == 200
        try:
            header = {"X-Tenant-ID": committed.slug}
            refused = [
                api.post("/transactions", body),
                admin.post("/transactions", body, **header),
                api.post(config(committed, "/config"), {}),
            ]
            assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "tenant_suspended")] * 3
            assert [api.get("/transactions").status_code, api.send("HEAD", "/transactions").status_code] == [200, 200]
            assert admin.post(config(committed, "/config"), {"configKey": "custom.a", "configValue": 1}).status_code == 201
        finally:
            admin.send("PATCH", config(committed), {"status": "ACTIVE"})
        assert api.post("/transactions", body).status_code == 201
