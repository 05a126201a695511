"""PENDING_ACTIVATION → ACTIVE ⇄ SUSPENDED → DECOMMISSIONED, for every door and for whoever writes to the database."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from config_mgmt.models import TenantChange
from config_mgmt.operations.tenants import activate_tenant, decommission_tenant, suspend_tenant, take_on_tenant
from config_mgmt.tenant_orders import TenantOrder
from events.models import OutboxEvent
from payment_engine.observability.correlation import correlated
from payments.operations.submit import submit_payments
from tenants import registry
from tenants.context import tenant_scope
from tenants.errors import TenantStatusConflict
from tenants.models import Placement, Tenant
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.tenants.conftest import OPERATOR, Platform
from tests.factories import make_account, make_message, make_payment_type, payment

pytestmark = pytest.mark.django_db
LEGAL = {
    ("PENDING_ACTIVATION", "ACTIVE"),
    ("ACTIVE", "SUSPENDED"),
    ("SUSPENDED", "ACTIVE"),
    ("SUSPENDED", "DECOMMISSIONED"),
}
PATHS = {
    "PENDING_ACTIVATION": [],
    "ACTIVE": ["ACTIVE"],
    "SUSPENDED": ["ACTIVE", "SUSPENDED"],
    "DECOMMISSIONED": ["ACTIVE", "SUSPENDED", "DECOMMISSIONED"],
}


def tenant_in(status: str) -> Tenant:
    tenant, _ = take_on_tenant(order=TenantOrder(slug="gamma-bank", name="Gamma Bank", status="PENDING_ACTIVATION"), actor=OPERATOR)
    for step in PATHS[status]:
        Tenant.objects.filter(slug="gamma-bank").update(status=step)
    registry.forget()
    tenant.refresh_from_db()
    return tenant


@pytest.mark.parametrize("before", PATHS)
@pytest.mark.parametrize("after", PATHS)
def test_the_api_takes_legal_steps_and_names_them_when_it_refuses_others(platform: Platform, before: str, after: str) -> None:
    tenant_in(before)
    answer = platform.patch("/config/tenants/gamma-bank", {"status": after, "reason": "because"})
    if before == after or (before, after) in LEGAL:
        assert (answer.status_code, answer.json()["status"]) == (200, after)
        return
    assert (answer.status_code, answer.json()["code"]) == (409, "tenant_status_conflict")
    for allowed in (to for was, to in LEGAL if was == before):
        assert allowed in answer.json()["detail"]
    assert Tenant.objects.get(slug="gamma-bank").status == before


@pytest.mark.parametrize("before", PATHS)
@pytest.mark.parametrize("after", PATHS)
def test_postgresql_refuses_the_same_steps(before: str, after: str) -> None:
    tenant_in(before)
    rows = Tenant.objects.filter(slug="gamma-bank")
    if before == after or (before, after) in LEGAL:
        assert rows.update(status=after) == 1
        return
    with pytest.raises(IntegrityError, match="does not become"), transaction.atomic():
        rows.update(status=after)


@pytest.mark.parametrize("change", [{"slug": "other"}, {"reference": "TIDLT-100999"}], ids=["id", "number"])
def test_postgresql_fixes_id_and_number(change: dict[str, str]) -> None:
    tenant_in("ACTIVE")
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        Tenant.objects.filter(slug="gamma-bank").update(**change)


def test_postgresql_keeps_the_rows_of_an_active_tenant_where_they_are() -> None:
    tenant_in("ACTIVE")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(slug="gamma-bank").update(placement_id=Placement.objects.order_by("-id").values("id")[:1].get()["id"] + 1)


def test_nobody_begins_suspended() -> None:
    pool = Placement.objects.get(schema_name="payment_engine")
    with pytest.raises(IntegrityError, match="begins"), transaction.atomic():
        Tenant.objects.create(slug="sly-bank", reference="TIDLT-100998", name="Sly", status="SUSPENDED", placement=pool)


def test_a_stale_save_does_not_turn_the_revision_back() -> None:
    tenant = tenant_in("ACTIVE")
    Tenant.objects.filter(slug="gamma-bank").update(config_revision=41)
    tenant.name = "Gamma AG"
    tenant.save()
    assert registry.config_revision_of("gamma-bank") == 41


class TestClosingForEver:
    """Through whatever door: the command has its own tests."""

    def closed(self, platform: Platform) -> tuple[int, str, list[str]]:
        problem = (answer := platform.patch("/config/tenants/gamma-bank", {"status": "DECOMMISSIONED"})).json()
        return answer.status_code, problem["code"], problem["detail"].split(". ")[0].split("; ")

    def test_money_of_customers_and_work_stand_against_it(self, platform: Platform) -> None:
        tenant = tenant_in("ACTIVE")
        with tenant_scope(tenant):
            make_payment_type(is_synchronous=False)
            ada, bob = make_account(funds_minor=12_34), make_account()
            submit_payments([payment(ada, bob, 1_00)])
            make_message(status="PROCESSING")
        suspend_tenant(slug="gamma-bank", actor=OPERATOR)
        assert self.closed(platform) == (
            409,
            "tenant_not_empty",
            [
                "customer accounts hold 12.34 EUR",
                "1 customer account has money held",
                "1 payment is under way",
                "1 message is being worked on",
            ],
        )
        assert Tenant.objects.get(slug="gamma-bank").status == "SUSPENDED"

    def test_another_tenants_money_does_not(self, platform: Platform, tenant_b: TenantRecord) -> None:
        tenant_in("SUSPENDED")
        with tenant_scope(tenant_b):
            make_account(funds_minor=12_34)
        answer = platform.patch("/config/tenants/gamma-bank", {"status": "DECOMMISSIONED"})
        assert (answer.status_code, answer.json()["status"]) == (200, "DECOMMISSIONED")


def test_each_step_is_history_and_an_event() -> None:
    tenant_in("PENDING_ACTIVATION")
    with correlated("the-ticket-4711"):
        activate_tenant(slug="gamma-bank", actor=OPERATOR, reason="contract signed")
        suspend_tenant(slug="gamma-bank", actor=OPERATOR, reason="unpaid")
        activate_tenant(slug="gamma-bank", actor=OPERATOR, reason="paid")
        suspend_tenant(slug="gamma-bank", actor=OPERATOR, reason="merger")
        decommission_tenant(slug="gamma-bank", actor=OPERATOR, reason="merged")
    with pytest.raises(TenantStatusConflict, match="for ever"):
        activate_tenant(slug="gamma-bank", actor=OPERATOR)
    with tenant_scope(registry.tenant_by_slug("gamma-bank")):
        steps = TenantChange.objects.exclude(kind="CREATED").order_by("id")
        assert list(steps.values_list("kind", "from_status", "to_status", "reason")) == [
            ("ACTIVATED", "PENDING_ACTIVATION", "ACTIVE", "contract signed"),
            ("SUSPENDED", "ACTIVE", "SUSPENDED", "unpaid"),
            ("RESUMED", "SUSPENDED", "ACTIVE", "paid"),
            ("SUSPENDED", "ACTIVE", "SUSPENDED", "merger"),
            ("DECOMMISSIONED", "SUSPENDED", "DECOMMISSIONED", "merged"),
        ]
        assert set(steps.values_list("changed_by", "changed_by_person", "correlation_id")) == {("cli_operator", "olga", "the-ticket-4711")}
        topics = OutboxEvent.objects.order_by("id").values_list("topic", flat=True)
        assert list(topics) == [
            "tenant.created", "tenant.activated", "tenant.suspended", "tenant.resumed", "tenant.suspended", "tenant.decommissioned",
        ]  # fmt: skip


def test_a_neighbour_sees_neither_history_nor_events(tenant_b: Any) -> None:
    tenant_in("ACTIVE")
    with tenant_scope(tenant_b):
        assert not TenantChange.objects.exists()
        assert not OutboxEvent.objects.exists()


def test_history_is_never_rewritten() -> None:
    tenant_in("ACTIVE")
    with tenant_scope(registry.tenant_by_slug("gamma-bank")):
        for write in (lambda: TenantChange.objects.update(reason="another"), lambda: TenantChange.objects.all().delete()):
            with pytest.raises(Exception, match=r"permission denied|never rewritten"), transaction.atomic():
                write()


def test_suspension_stops_new_money_and_resuming_lets_it_in(platform: Platform, tenant_a: Any) -> None:
    with tenant_scope(tenant_a):
        make_payment_type()
        ada, bob = make_account(funds_minor=100_00), make_account()
    body = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id}
    payment = {**body, "amount": "1.00", "currency": "EUR"}
    alpha = Api(tenant_a)
    assert alpha.post("/transactions", payment).status_code == 201
    platform.patch("/config/tenants/alpha-bank", {"status": "SUSPENDED", "reason": "unpaid"})
    refused = alpha.post("/transactions", payment)
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert len(alpha.get("/transactions").json()["data"]) == 1
    assert alpha.get("/config/tenants/alpha-bank").json()["status"] == "SUSPENDED"
    platform.patch("/config/tenants/alpha-bank", {"status": "ACTIVE"})
    assert alpha.post("/transactions", payment).status_code == 201
    with tenant_scope(tenant_a):
        assert Account.objects.get(id=ada.id).booked_minor == 98_00
