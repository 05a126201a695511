"""POST /transactions and its siblings, through the whole stack."""

from typing import Any

import pytest

from accounts.models import Account
from payments.models import Payment
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Account:
    make_payment_type()
    make_payment_type("DEMO_TRANSFER", processing_fee="1.00", max_amount="50000")
    return make_account(funds_minor=10_000_00)


@pytest.fixture
def bob(in_tenant_a: TenantRecord) -> Account:
    return make_account(iban="DE89370400440532013000")


def body(ada: Account, bob: Account, **changes: Any) -> dict[str, Any]:
    return {
        "paymentType": "DEMO_TRANSFER",
        "debtorAccount": ada.public_id,
        "creditorAccount": bob.public_id,
        "amount": "25.00",
        "currency": "EUR",
        **changes,
    }


def problem(response: Any) -> tuple[int, str, list[str]]:
    document = response.json()
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, document["code"], [error["pointer"] for error in document["errors"]]


def test_payment_is_booked_and_read_back(api: Api, ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
    response = api.post("/transactions", body(ada, bob, reference="INV-1", endToEndId="E2E-1", metadata={"orderId": "7"}))
    made = response.json()
    assert response.status_code == 201
    assert (made["status"], made["isoStatus"], made["amount"], made["fee"]) == ("COMPLETED", "ACSC", "25.00", "1.00")
    assert made["debtorBalance"] == {"booked": "9974.00", "available": "9974.00"}
    assert (made["paymentType"], made["paymentTypeVersion"], made["metadata"]) == ("DEMO_TRANSFER", 1, {"orderId": "7"})
    del made["debtorBalance"]
    assert api.get(f"/transactions/{made['transactionId']}").json() == made
    assert api.get("/transactions").json() == {"data": [made], "hasMore": False, "nextCursor": None}
    stranger = Api(tenant_b)
    assert problem(stranger.get(f"/transactions/{made['transactionId']}"))[:2] == (404, "not_found")
    assert stranger.get("/transactions").json()["data"] == []
    assert problem(stranger.post(f"/transactions/{made['transactionId']}/reverse", {"reason": "mine"}))[:2] == (404, "not_found")


def test_same_key_and_meaning_gives_the_first_answer_again(api: Api, ada: Account, bob: Account) -> None:
    first = api.post("/transactions", body(ada, bob, amount="10.00"), key="k-1")
    again = api.post("/transactions", body(ada, bob, amount=10), key="k-1")
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    assert Payment.objects.count() == 1
    assert problem(api.post("/transactions", body(ada, bob, amount="11.00"), key="k-1"))[:2] == (422, "idempotency_key_reused")


def test_an_iban_means_the_same_with_spaces_and_small_letters(api: Api, ada: Account, bob: Account) -> None:
    first, *again = [
        api.post("/transactions", body(ada, bob, creditorAccount=written), key="k-iban")
        for written in ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89370400440532013000")
    ]
    assert first.status_code == 201
    assert [(answer.content, answer["Idempotent-Replayed"]) for answer in again] == [(first.content, "true")] * 2


def test_refusal_is_replayed_too(api: Api, ada: Account, bob: Account) -> None:
    first = api.post("/transactions", body(bob, ada), key="k-1")
    assert problem(first)[:2] == (422, "insufficient_funds")
    again = api.post("/transactions", body(bob, ada), key="k-1")
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (422, first.content, "true")


def test_key_is_required(api: Api, ada: Account, bob: Account) -> None:
    assert problem(api.post("/transactions", body(ada, bob), key=None))[:2] == (400, "idempotency_key_required")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1e2", "EUR"), ("10.5", "JPY"), ("NaN", "EUR"), ("-1", "EUR"), ("0", "EUR"), ("1" * 19, "EUR"), ("1.001", "EUR"), ("", "EUR")],
)
def test_money_that_is_not_exact_is_refused(api: Api, ada: Account, bob: Account, amount: str, currency: str) -> None:
    assert problem(api.post("/transactions", body(ada, bob, amount=amount, currency=currency))) == (422, "amount_invalid", ["/amount"])
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"paymentType": "NOPE"}, (422, "payment_type_unknown", ["/paymentType"])),
        ({"amount": "50000.01"}, (422, "limit_exceeded", ["/amount"])),
        ({"currency": "USD"}, (422, "currency_mismatch", ["/debtorAccount"])),
        ({"currency": "XXX"}, (422, "currency_unknown", ["/currency"])),
        ({"creditorAccount": "acc_" + "0" * 32}, (404, "not_found", ["/creditorAccount"])),
        ({"creditorAccount": "FR7630006000011234567890189"}, (404, "not_found", ["/creditorAccount"])),
        ({"debtorAccount": "nobody"}, (404, "not_found", ["/debtorAccount"])),
        ({"capture": False}, (422, "validation_failed", ["/capture"])),
        ({"requestedExecutionDate": "2099-12-31"}, (422, "date_out_of_range", ["/requestedExecutionDate"])),
        ({"requestedExecutionDate": "9999-12-31"}, (422, "date_out_of_range", ["/requestedExecutionDate"])),
        ({"colour": "red"}, (400, "unknown_field", ["/colour"])),
        ({"amount": None}, (422, "amount_invalid", ["/amount"])),
        ({"reference": "nul\x00"}, (422, "validation_failed", ["/reference"])),
    ],
)
def test_bad_input_names_its_field(
    api: Api, ada: Account, bob: Account, change: dict[str, Any], expected: tuple[int, str, list[str]]
) -> None:
    assert problem(api.post("/transactions", body(ada, bob, **change))) == expected


def test_same_account_is_refused(api: Api, ada: Account) -> None:
    assert problem(api.post("/transactions", body(ada, ada)))[:2] == (422, "same_account")


def test_creditor_by_iban(api: Api, ada: Account, bob: Account) -> None:
    assert (
        api.post("/transactions", body(ada, bob, creditorAccount="DE89 3704 0044 0532 0130 00")).json()["creditorAccount"] == bob.public_id
    )


@pytest.mark.parametrize(("status", "expected"), [("FROZEN", (423, "account_frozen")), ("CLOSED", (422, "account_closed"))])
def test_account_that_is_not_open_takes_no_payment(api: Api, ada: Account, bob: Account, status: str, expected: tuple[int, str]) -> None:
    Account.objects.filter(pk=bob.pk).update(status=status)
    assert problem(api.post("/transactions", body(ada, bob)))[:2] == expected


def test_malformed_json_is_400(api: Api) -> None:
    assert problem(api.post("/transactions", b'{"amount": '))[:2] == (400, "malformed_json")


def test_reversal_in_parts_up_to_the_amount(api: Api, ada: Account, bob: Account) -> None:
    made = api.post("/transactions", body(ada, bob)).json()
    path = f"/transactions/{made['transactionId']}/reverse"
    part = api.post(path, {"amount": "10.00", "reason": "damaged"}, key="r-1")
    assert (part.status_code, part.json()["status"], part.json()["reversedAmount"]) == (201, "COMPLETED", "10.00")
    again = api.post(path, {"amount": 10, "reason": "damaged"}, key="r-1")
    assert (again.content, again["Idempotent-Replayed"]) == (part.content, "true")
    assert problem(api.post(path, {"amount": "15.01", "reason": "too much"}))[:2] == (422, "amount_invalid")
    rest = api.post(path, {"reason": "all of it"})
    assert (rest.json()["status"], rest.json()["reversedAmount"], rest.json()["reversal"]["amount"]) == ("REVERSED", "25.00", "15.00")
    assert problem(api.post(path, {"reason": "once more"}))[:2] == (409, "already_reversed")
    ada.refresh_from_db()
    assert ada.booked == "9999.00"  # the fee stays with the bank


def test_reversal_needs_the_money_to_be_there(api: Api, ada: Account, bob: Account) -> None:
    made = api.post("/transactions", body(ada, bob)).json()
    api.post("/transactions", body(bob, ada, paymentType="INTERNAL_TRANSFER"))
    refused = api.post(f"/transactions/{made['transactionId']}/reverse", {"reason": "gone"})
    assert problem(refused)[:2] == (422, "insufficient_funds")


def test_list_filters_and_pages(api: Api, ada: Account, bob: Account) -> None:
    ids = [api.post("/transactions", body(ada, bob, reference=f"R{n}")).json()["transactionId"] for n in range(5)]
    first = api.get("/transactions?limit=2").json()
    api.post("/transactions", body(ada, bob, reference="later"))
    second = api.get(f"/transactions?limit=3&cursor={first['nextCursor']}").json()
    assert [row["transactionId"] for row in first["data"] + second["data"]] == ids[::-1]
    assert (first["hasMore"], second["hasMore"]) == (True, False)
    assert [row["transactionId"] for row in api.get("/transactions?reference=R3").json()["data"]] == [ids[3]]
    assert problem(api.get("/transactions?colour=red")) == (400, "unknown_parameter", ["?colour"])


def test_scope_is_needed(tenant_a: TenantRecord, ada: Account, bob: Account) -> None:
    reader = Api(tenant_a, ["payments:read"])
    assert problem(reader.post("/transactions", body(ada, bob)))[:2] == (403, "not_authorised")


def test_other_tenants_account_is_unknown(api: Api, ada: Account, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_b):
        theirs = make_account(funds_minor=1_000_00)
    assert problem(api.post("/transactions", body(ada, theirs)))[:2] == (404, "not_found")
    assert problem(api.post("/transactions", body(theirs, ada)))[:2] == (404, "not_found")
