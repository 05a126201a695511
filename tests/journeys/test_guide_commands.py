"""The commands of the deployment guide's verification chapter, as printed, with host and token replaced."""

import pytest

from tests.journeys.stack import Caller, Stack, eventually

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("path", ["/health", "/config/health"])
def test_health_is_up(stack: Stack, demo_bank: Caller, path: str) -> None:
    assert eventually(lambda: demo_bank.get(path).json["components"]["worker"] == "UP", 20), "the worker never reported"
    answer = demo_bank.get(path)
    assert (answer.status, answer.json) == (200, {"status": "UP", "components": {"database": "UP", "cache": "UP", "worker": "UP"}})
    assert stack.send("GET", f"/api/v1{path}").status == 200


@pytest.mark.parametrize("path", ["/health", "/config/health"])
@pytest.mark.parametrize("tenant", ["demo-bank", "default"])
def test_health_of_a_tenant(demo_bank: Caller, path: str, tenant: str) -> None:
    answer = demo_bank.get(path, **{"X-Tenant-ID": tenant})
    assert (answer.status, answer.json["tenant"]["tenantId"], answer.json["tenant"]["status"]) == (200, tenant, "ACTIVE")
    by_number = demo_bank.get(path, **{"X-Tenant-ID": answer.json["tenant"]["reference"]})
    assert by_number.json["tenant"] == answer.json["tenant"]


def test_health_of_an_unknown_tenant_is_not_found(demo_bank: Caller) -> None:
    for name in ("nobody", "TIDLT-999999"):
        assert demo_bank.get("/health", **{"X-Tenant-ID": name}).problem[:2] == (404, "not_found")


def test_each_tenant_gets_its_own_transactions_only(stack: Stack) -> None:
    made = {tenant: stack.caller(tenant).pay("1.00").json["transactionId"] for tenant in ("demo-bank", "default")}
    listed = {
        tenant: {row["transactionId"] for row in stack.caller(tenant).get("/transactions", **{"X-Tenant-ID": tenant}).json["data"]}
        for tenant in made
    }
    assert made["demo-bank"] in listed["demo-bank"]
    assert made["default"] in listed["default"]
    assert not listed["demo-bank"] & listed["default"]
    assert stack.caller("default").get(f"/transactions/{made['demo-bank']}").problem[:2] == (404, "not_found")


def test_asserting_another_tenant_is_refused(demo_bank: Caller) -> None:
    assert demo_bank.get("/transactions", **{"X-Tenant-ID": "default"}).problem[:2] == (403, "tenant_mismatch")


def test_liveness_readiness_and_metrics_answer(stack: Stack) -> None:
    assert stack.send("GET", "/livez").json == {"status": "alive"}
    ready = stack.send("GET", "/readyz")
    assert (ready.status, ready.json["status"], set(ready.json["checks"].values())) == (200, "ready", {"up"})
    assert b"payment_transactions_total" in stack.send("GET", "/metrics").body
