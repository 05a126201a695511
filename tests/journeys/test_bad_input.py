"""What a careless or hostile caller sends, over the wire, and the clear refusal of each."""

import http.client
import json
from typing import Any

import pytest

from tests.journeys.stack import Caller, Stack

pytestmark = pytest.mark.timeout(240)
MEGABYTE = 1 << 20


def raw_payment(caller: Caller, amount: str, currency: str = "EUR") -> bytes:
    """A body whose amount is this very literal."""
    body = json.dumps(caller.payment("@", currency=currency))
    return body.replace('"@"', amount).encode()


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ('"1e2"', "EUR"),
        ("1e2", "EUR"),
        ("10.5", "JPY"),
        ('"10.5"', "JPY"),
        ('"10.555"', "EUR"),
        ('"NaN"', "EUR"),
        ('"Infinity"', "EUR"),
        ('"-1"', "EUR"),
        ("-1", "EUR"),
        ('"0"', "EUR"),
        ("0", "EUR"),
        ('"0.00"', "EUR"),
        ('"1234567890123456789"', "EUR"),
        ("1234567890123456789", "EUR"),
        ('"1,00"', "EUR"),
        ('" 1.00"', "EUR"),
        ('"+1.00"', "EUR"),
        ('"٣"', "EUR"),
        ('""', "EUR"),
        ("true", "EUR"),
        ("null", "EUR"),
        ("{}", "EUR"),
        ('["1.00"]', "EUR"),
    ],
)
def test_amount_that_is_none_is_refused_with_its_pointer(demo_bank: Caller, amount: str, currency: str) -> None:
    answer = demo_bank.post("/transactions", raw_payment(demo_bank, amount, currency))
    assert answer.problem == (422, "amount_invalid", ["/amount"])


def test_nan_without_quotes_is_not_json(demo_bank: Caller) -> None:
    assert demo_bank.post("/transactions", raw_payment(demo_bank, "NaN")).problem[:2] == (400, "malformed_json")


@pytest.mark.parametrize("amount", ["10", "10.0", "10.00", '"10"', '"10.0"', '"010.00"'])
def test_all_spellings_of_ten_are_ten(demo_bank: Caller, amount: str) -> None:
    assert demo_bank.post("/transactions", raw_payment(demo_bank, amount)).json["amount"] == "10.00"


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2", b"\xff\xfe", b'{"amount": 01}', b"{} {}", b'"\\ud800"', b"[" * 100_000])
def test_malformed_json_is_refused(demo_bank: Caller, body: bytes) -> None:
    answer = demo_bank.post("/transactions", body, **{"Content-Type": "application/json"})
    assert answer.problem[:2] == (400, "malformed_json")


@pytest.mark.parametrize("body", [[], "text", 1, None])
def test_json_that_is_no_object_is_refused(demo_bank: Caller, body: Any) -> None:
    answer = demo_bank.post("/transactions", json.dumps(body).encode(), **{"Content-Type": "application/json"})
    assert answer.problem[:2] == (422, "validation_failed")


def test_unknown_field_is_refused_not_ignored(demo_bank: Caller) -> None:
    assert demo_bank.pay(colour="red").problem == (400, "unknown_field", ["/colour"])


def test_unknown_query_parameter_is_refused_not_ignored(demo_bank: Caller) -> None:
    assert demo_bank.get("/transactions?colour=red").problem == (400, "unknown_parameter", ["?colour"])
    assert demo_bank.get("/transactions?limit=1&limit=2").problem[:2] == (400, "parameter_invalid")


@pytest.mark.parametrize("field", ["paymentType", "debtorAccount", "creditorAccount", "amount", "currency"])
def test_missing_field_is_named(demo_bank: Caller, field: str) -> None:
    body = demo_bank.payment()
    del body[field]
    assert demo_bank.post("/transactions", body).problem == (422, "validation_failed", [f"/{field}"])


@pytest.mark.parametrize("account", ["acc_" + "0" * 32, "DE89370400440532013000", "nonsense", "pay_" + "0" * 32])
@pytest.mark.parametrize("side", ["debtorAccount", "creditorAccount"])
def test_unknown_account_is_not_found(demo_bank: Caller, account: str, side: str) -> None:
    assert demo_bank.pay(**{side: account}).problem == (404, "not_found", [f"/{side}"])


def test_account_of_another_tenant_is_not_found(demo_bank: Caller, acme_bank: Caller) -> None:
    stranger = acme_bank.accounts()[0]
    assert demo_bank.pay(creditorAccount=stranger).problem == (404, "not_found", ["/creditorAccount"])
    assert demo_bank.pay(debtorAccount=stranger).problem == (404, "not_found", ["/debtorAccount"])
    assert demo_bank.get(f"/accounts/{stranger}/balance").problem[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"paymentType": "NO_SUCH"}, "payment_type_unknown"),
        ({"currency": "XXX"}, "currency_unknown"),
        ({"currency": "USD"}, "currency_mismatch"),
        ({"paymentType": "DEMO_TRANSFER", "amount": "50000.01"}, "limit_exceeded"),
        ({"amount": "9999999999999999.99"}, "insufficient_funds"),
    ],
)
def test_business_rule_answers_with_its_code(demo_bank: Caller, changes: dict[str, Any], code: str) -> None:
    assert demo_bank.pay(**changes).problem[:2] == (422, code)


def test_paying_oneself_is_refused(demo_bank: Caller) -> None:
    assert demo_bank.pay(creditorAccount=demo_bank.accounts()[0]).problem[:2] == (422, "same_account")


def test_text_with_nul_is_refused(demo_bank: Caller) -> None:
    assert demo_bank.pay(reference="a\0b").problem == (422, "validation_failed", ["/reference"])


def test_idempotency_key_is_required_and_checked(demo_bank: Caller) -> None:
    assert demo_bank.post("/transactions", demo_bank.payment(), key=None).problem[:2] == (400, "idempotency_key_required")
    assert demo_bank.pay(key="k" * 256).problem[:2] == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("path", ["/transactions", "/customers", "/accounts"])
def test_body_over_a_megabyte_is_refused(demo_bank: Caller, path: str) -> None:
    answer = demo_bank.post(path, b'{"name": "' + b"x" * MEGABYTE + b'"}', **{"Content-Type": "application/json"})
    assert answer.problem[:2] == (413, "payload_too_large")


def test_body_announced_as_huge_is_refused_without_reading_it(stack: Stack, demo_bank: Caller) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    connection.putrequest("POST", "/api/v1/transactions")
    headers = {"Authorization": f"Bearer {demo_bank.token}", "Idempotency-Key": "huge", "Content-Type": "application/json"}
    for name, value in {**headers, "Content-Length": str(1 << 40)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_other_content_type_is_refused(demo_bank: Caller, content_type: str) -> None:
    answer = demo_bank.post("/transactions", demo_bank.payment(), **{"Content-Type": content_type})
    assert answer.problem[:2] == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/transactions"),
        ("DELETE", "/accounts"),
        ("PATCH", "/health"),
        ("GET", "/transactions/pay_1/reverse"),
        ("TRACE", "/customers"),
    ],
)
def test_other_method_is_refused_with_those_there_are(demo_bank: Caller, method: str, path: str) -> None:
    answer = demo_bank.send(method, path, None, {})
    assert answer.problem[:2] == (405, "method_not_allowed")
    assert method not in answer.headers["allow"]


def test_no_token_a_wrong_one_and_a_wrong_secret_are_refused(stack: Stack, demo_bank: Caller) -> None:
    assert stack.send("GET", "/api/v1/accounts").problem[:2] == (401, "not_authenticated")
    forged = stack.send("GET", "/api/v1/accounts", None, {"Authorization": f"Bearer {demo_bank.token[:-4]}AAAA"})
    assert forged.problem[:2] == (401, "not_authenticated")
    assert forged.headers["www-authenticate"].startswith("Bearer")
    body = f"grant_type=client_credentials&client_id={demo_bank.access['clientId']}&client_secret=wrong".encode()
    answer = stack.send("POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_address_that_is_not_there_is_a_problem_too(demo_bank: Caller) -> None:
    assert demo_bank.get("/nothing/here").problem[:2] == (404, "not_found")


def test_nothing_of_all_that_moved_money_or_broke_the_engine(stack: Stack, demo_bank: Caller) -> None:
    listed = demo_bank.get("/transactions?limit=200").json["data"]
    assert {row["status"] for row in listed} <= {"COMPLETED", "REVERSED", "REJECTED"}
    assert stack.send("GET", "/readyz").status == 200
    assert "internal_error" not in stack.log
