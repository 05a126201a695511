"""Payments that wait, through the whole stack: 202, approve, reject, cancel."""

from typing import Any

import pytest

from accounts.models import Account, Hold
from payments.models import Payment, PaymentApproval
from payments.operations.carry_out import carry_out_payments
from payments.operations.send_out import send_out_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type

pytestmark = [pytest.mark.django_db]
NEXT_DOOR = "GB33BUKB20201555555555"


@pytest.fixture
def maker(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a, person="maker")


@pytest.fixture
def checker(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a, {"payments:read", "payments:approve"}, person="checker")


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Account:
    make_payment_type("BIG", approval_threshold="100")
    make_payment_type("LATER", is_synchronous=False, processing_fee="1")
    make_payment_type("OUT", is_synchronous=False, rail="simulator_instant", rail_fallbacks=["simulator"])
    return make_account(funds_minor=10_000_00)


@pytest.fixture
def bob(in_tenant_a: TenantRecord) -> Account:
    return make_account(iban="DE89370400440532013000")


def pay(api: Api, debtor: Account, creditor: Account | str, payment_type: str, amount: str = "100.00", **more: Any) -> Any:
    to = creditor if isinstance(creditor, str) else creditor.public_id
    body = {"paymentType": payment_type, "debtorAccount": debtor.public_id, "creditorAccount": to, "amount": amount, "currency": "EUR"}
    headers = {"key": more.pop("key")} if "key" in more else {}
    return api.post("/transactions", {**body, **more}, **headers)


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_what_waits_is_answered_202_and_where_to_look_again_also_when_replayed(maker: Api, ada: Account, bob: Account) -> None:
    first = pay(maker, ada, bob, "LATER", key="k1")
    made = first.json()
    assert (first.status_code, made["status"], made["isoStatus"], made["rail"]) == (202, "RESERVED", "ACFC", "internal")
    assert made["debtorBalance"] == {"booked": "10000.00", "available": "9899.00"}
    assert first["Location"] == f"/api/v1/transactions/{made['transactionId']}"
    again = pay(maker, ada, bob, "LATER", key="k1")
    assert (again.status_code, again.content, again["Location"], again["Idempotent-Replayed"]) == (
        202,
        first.content,
        first["Location"],
        "true",
    )
    balance = maker.get(f"/accounts/{ada.public_id}/balance").json()
    assert (balance["booked"], balance["held"], balance["available"]) == ("10000.00", "101.00", "9899.00")
    assert carry_out_payments() == 1
    done = maker.get(first["Location"].removeprefix("/api/v1")).json()
    assert (done["status"], done["completedAt"] is not None) == ("COMPLETED", True)


def test_the_whole_road_of_an_approval(maker: Api, checker: Api, ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
    made = pay(maker, ada, bob, "BIG")
    path = f"/transactions/{made.json()['transactionId']}"
    assert (made.status_code, made.json()["status"], made.json()["isoStatus"]) == (202, "PENDING_APPROVAL", "PATC")
    assert problem(maker.post(f"{path}/approve", {})) == (403, "self_approval")
    assert problem(checker.post(f"{path}/approve", {}, key=None)) == (400, "idempotency_key_required")
    assert problem(Api(tenant_b, person="checker").post(f"{path}/approve", {})) == (404, "not_found")
    approved = checker.post(f"{path}/approve", {"reason": "invoice checked"}, key="a1")
    assert (approved.status_code, approved.json()["status"]) == (200, "COMPLETED")
    decision = approved.json()["approval"]
    assert (decision["status"], decision["requestedBy"], decision["decidedBy"], decision["reason"]) == (
        "APPROVED",
        maker.client_id,
        checker.client_id,
        "invoice checked",
    )
    again = checker.post(f"{path}/approve", {"reason": "invoice checked"}, key="a1")
    assert (again.content, again["Idempotent-Replayed"]) == (approved.content, "true")
    assert problem(checker.post(f"{path}/approve", {})) == (409, "approval_decided")
    assert problem(checker.post(f"{path}/reject", {})) == (409, "approval_decided")
    assert checker.get(path).json() == approved.json()
    with tenant_scope(tenant_b):
        assert PaymentApproval.objects.count() == 0


@pytest.mark.parametrize("person", ["maker", " Maker"])
def test_a_second_key_of_the_same_person_is_the_same_person(
    maker: Api, ada: Account, bob: Account, tenant_a: TenantRecord, person: str
) -> None:
    path = f"/transactions/{pay(maker, ada, bob, 'BIG').json()['transactionId']}"
    assert problem(Api(tenant_a, person=person).post(f"{path}/approve", {})) == (403, "self_approval")
    assert problem(Api(tenant_a).post(f"{path}/approve", {})) == (403, "not_authorised")
    assert Payment.objects.get().status == "PENDING_APPROVAL"


def test_an_approval_is_judged_by_todays_funds(maker: Api, checker: Api, ada: Account, bob: Account) -> None:
    path = f"/transactions/{pay(maker, ada, bob, 'BIG', '9000.00').json()['transactionId']}"
    assert pay(maker, ada, bob, "LATER", "2000.00").status_code == 202
    refused = checker.post(f"{path}/approve", {}, key="again")
    assert problem(refused) == (422, "insufficient_funds")
    assert checker.post(f"{path}/approve", {}, key="again").content == refused.content
    rejected = checker.post(f"{path}/reject", {"reason": "no funds"}).json()
    assert (rejected["status"], rejected["isoStatus"], rejected["reasonCode"], rejected["reason"]) == (
        "REJECTED",
        "RJCT",
        "approval_refused",
        "no funds",
    )


def test_who_asked_may_call_it_off(maker: Api, checker: Api, ada: Account, bob: Account) -> None:
    for payment_type in ("BIG", "LATER"):
        path = f"/transactions/{pay(maker, ada, bob, payment_type).json()['transactionId']}"
        assert problem(checker.post(f"{path}/cancel", {})) == (403, "not_authorised")
        cancelled = maker.send("POST", f"{path}/cancel", **{"Idempotency-Key": path})
        assert (cancelled.status_code, cancelled.json()["status"], cancelled.json()["isoStatus"]) == (200, "CANCELLED", "CANC")
        assert problem(maker.post(f"{path}/cancel", {})) == (409, "not_cancellable")
    ada.refresh_from_db()
    assert (ada.available_minor, Hold.objects.get().status) == (10_000_00, "RELEASED")


def test_money_leaves_the_bank_and_tells_how(maker: Api, ada: Account) -> None:
    made = pay(maker, ada, NEXT_DOOR, "OUT", metadata={"simulator_instant": "unavailable:9"})
    assert (made.status_code, made.json()["creditorAccount"], made.json()["rail"]) == (202, NEXT_DOOR, "simulator_instant")
    assert send_out_payments() == 1
    [attempt] = maker.get(made["Location"].removeprefix("/api/v1")).json()["attempts"]
    assert (attempt["number"], attempt["rail"], attempt["status"], attempt["detail"]) == (
        1,
        "simulator_instant",
        "UNAVAILABLE",
        "simulator_instant is closed",
    )


def test_an_account_kept_here_is_not_paid_over_a_rail_that_leads_out(maker: Api, ada: Account, bob: Account) -> None:
    assert problem(pay(maker, ada, bob, "OUT")) == (422, "no_route")
