"""What somebody meets who has just typed `make run`."""

import json
import re
import shutil
import stat
import subprocess
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.journeys.stack import Caller, Stack, eventually

pytestmark = pytest.mark.timeout(240)
LOG_KEYS = ["timestamp", "level", "service", "tenant_id", "correlation_id", "message", "context"]


def metric(stack: Stack, name: str, **labels: str) -> float:
    """The sample of a counter; 0 before it was first counted."""
    found = 0.0
    for line in stack.send("GET", "/metrics").body.decode().splitlines():
        if line.startswith(name + "{") and all(f'{label}="{value}"' in line for label, value in labels.items()):
            found += float(line.rpartition(" ")[2])
    return found


def log_entries(stack: Stack) -> list[dict[str, Any]]:
    return [json.loads(line) for line in re.findall(r"^\w+ +\| (\{.*\})$", stack.log, re.MULTILINE)]


def test_demo_file_leads_the_way_and_is_private(stack: Stack) -> None:
    assert stat.S_IMODE((stack.data_dir / "demo.json").stat().st_mode) == 0o600
    demo = stack.demo
    assert demo["baseUrl"] == stack.base_url
    assert set(demo["platform"]) == {"clientId", "clientSecret", "adminUsername", "adminPassword"}
    assert set(demo["tenants"]) == {"default", "demo-bank", "acme-bank"}
    for access in demo["tenants"].values():
        assert {"clientId", "clientSecret", "approverClientId", "approverClientSecret", "adminUsername", "adminPassword"} < set(access)
        assert all(set(account) == {"accountId", "iban", "currency", "name"} for account in access["accounts"])
        assert {"EUR", "USD", "JPY", "KWD"} <= {account["currency"] for account in access["accounts"]}


@pytest.mark.parametrize("tenant", ["default", "demo-bank", "acme-bank"])
def test_every_demo_tenant_has_a_rich_euro_account(stack: Stack, tenant: str) -> None:
    caller = stack.caller(tenant)
    assert max(Decimal(caller.booked(account)) for account in caller.accounts("EUR")) > 1_000_000


@pytest.mark.parametrize("tenant", ["demo-bank", "acme-bank"])
def test_payment_is_booked_read_listed_counted_and_reversed(stack: Stack, tenant: str) -> None:
    caller = stack.caller(tenant)
    debtor, creditor, *_ = caller.accounts()
    before = Decimal(caller.booked(debtor)), Decimal(caller.booked(creditor))
    labels = {"tenant": tenant, "type": "DEMO_TRANSFER", "status": "COMPLETED"}
    counted = metric(stack, "payment_transactions_total", **labels)
    reversed_before = metric(stack, "payment_transactions_total", **labels | {"status": "REVERSED"})

    made = caller.pay("25.00", paymentType="DEMO_TRANSFER", reference="INV-1")
    payment = made.json
    assert (made.status, payment["status"], payment["isoStatus"], payment["fee"]) == (201, "COMPLETED", "ACSC", "1.00")
    assert Decimal(payment["debtorBalance"]["booked"]) == before[0] - 26
    assert (Decimal(caller.booked(debtor)), Decimal(caller.booked(creditor))) == (before[0] - 26, before[1] + 25)
    assert metric(stack, "payment_transactions_total", **labels) == counted + 1

    path = f"/transactions/{payment['transactionId']}"
    assert caller.get(path).json["transactionId"] == payment["transactionId"]
    assert caller.get("/transactions?limit=1").json["data"][0]["transactionId"] == payment["transactionId"]
    newest = caller.get(f"/accounts/{debtor}/postings?limit=2").json["data"]
    assert sorted(posting["amount"] for posting in newest) == ["-1.00", "-25.00"]

    returned = caller.post(f"{path}/reverse", {"reason": "sent twice"})
    assert (returned.status, returned.json["status"], returned.json["reversedAmount"]) == (201, "REVERSED", "25.00")
    assert (Decimal(caller.booked(debtor)), Decimal(caller.booked(creditor))) == (before[0] - 1, before[1])
    assert caller.post(f"{path}/reverse", {"reason": "sent twice"}).problem[:2] == (409, "already_reversed")
    assert metric(stack, "payment_transactions_total", **labels | {"status": "REVERSED"}) == reversed_before + 1


def test_creditor_may_be_named_by_iban(demo_bank: Caller) -> None:
    iban = next(account["iban"] for account in demo_bank.access["accounts"] if account["accountId"] == demo_bank.accounts()[1])
    assert demo_bank.pay("1.00", creditorAccount=iban).json["creditorAccount"] == demo_bank.accounts()[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
def test_printed_curl_line_books_a_payment_each_time_it_is_pasted(stack: Stack) -> None:
    line = next(line for line in stack.log.splitlines() if line.startswith("curl -sS"))
    answers = [json.loads(subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout) for _ in range(2)]
    assert [answer["status"] for answer in answers] == ["COMPLETED", "COMPLETED"]
    assert answers[0]["transactionId"] != answers[1]["transactionId"]


def test_announcement_names_addresses_and_logins(stack: Stack) -> None:
    for path in ("/admin/", "/api/v1/docs", "/api/v1/health"):
        assert stack.base_url + path in stack.log
    assert str(stack.data_dir / "demo.json") in stack.log
    for access in (stack.demo["platform"], *stack.demo["tenants"].values()):
        assert f"{access['adminUsername']} / {access['adminPassword']}" in stack.log


def test_document_and_its_page_answer(stack: Stack) -> None:
    document = stack.send("GET", "/api/v1/schema?format=json")
    assert (document.status, document.headers["content-type"], document.json["openapi"][:3]) == (200, "application/json", "3.1")
    page = stack.send("GET", "/api/v1/docs")
    assert page.status == 200
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.body.decode())
    assert assets
    assert {stack.send("GET", asset).status for asset in assets} == {200}


def test_portal_opens_at_its_sign_in(stack: Stack) -> None:
    assert stack.send("GET", "/admin/").headers["location"].startswith("/admin/login/")
    page = stack.send("GET", "/admin/login/")
    assert page.status == 200
    assets = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.body.decode()))
    assert assets
    assert {stack.send("GET", asset).status for asset in assets} == {200}


def test_keys_are_published(stack: Stack) -> None:
    keys = stack.send("GET", "/.well-known/jwks.json").json["keys"]
    assert {key["alg"] for key in keys} == {"RS256"}


def test_correlation_id_is_given_back_and_stands_in_the_log_with_the_tenant(stack: Stack, demo_bank: Caller) -> None:
    chosen = f"journey-{uuid4()}"
    answer = demo_bank.get("/transactions/pay_00000000000000000000000000000000", **{"X-Correlation-ID": chosen})
    assert (answer.status, answer.headers["x-correlation-id"], answer.json["correlationId"]) == (404, chosen, chosen)
    assert eventually(lambda: any(entry["correlation_id"] == chosen for entry in log_entries(stack)), 5)
    entry = next(entry for entry in log_entries(stack) if entry["correlation_id"] == chosen)
    assert (entry["tenant_id"], entry["level"], entry["context"]["status_code"]) == ("demo-bank", "WARNING", 404)


def test_every_json_log_line_has_the_seven_keys(stack: Stack) -> None:
    stack.send("GET", "/api/v1/accounts")
    assert eventually(lambda: log_entries(stack), 5)
    assert {tuple(entry) for entry in log_entries(stack)} == {tuple(LOG_KEYS)}


def test_log_tells_no_secrets(stack: Stack, demo_bank: Caller) -> None:
    assert demo_bank.pay("1.00", reference="LOG-CANARY").status == 201
    log = "\n".join(json.dumps(entry) for entry in log_entries(stack))
    for secret in (demo_bank.token, demo_bank.access["clientSecret"], "LOG-CANARY", *(a["iban"] for a in demo_bank.access["accounts"])):
        assert secret not in log
