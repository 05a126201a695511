"""Header fields of real answers: those the document requires are there, the others where they belong, and none is sent unsaid."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import jsonschema
import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import Account
from payment_engine.api.response_headers import ALL
from tenants import registry
from tenants.operations.clients import create_api_client
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import Platform
from tests.contract.published import METHODS, Document
from tests.contract.test_examples import body_of
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import pain001

pytestmark = [pytest.mark.django_db]
DOCUMENT: Final = Document()
LISTED: Final = {header.name.lower() for header in ALL}
COUNTED: Final = ("RateLimit", "RateLimit-Policy")
REPLAYED, TAG, SCHEME = "Idempotent-Replayed", "ETag", "WWW-Authenticate"
TENANT: Final = "/config/tenants/alpha-bank"
NOBODY: Final = f"cus_{'0' * 32}"
FORM: Final = "application/x-www-form-urlencoded"


def assert_headers(answer: Any, operation_id: str, status: int, *at_times: str) -> Any:
    """That it has what the document requires of it, of what may be absent exactly `at_times`, and nothing else of the list."""
    assert answer.status_code == status, answer.content
    documented = DOCUMENT.headers(operation_id, status)
    sent = {name.lower(): value for name, value in answer.headers.items() if name.lower() in LISTED}
    required = {name for name, header in documented.items() if header["required"]}
    assert sent.keys() == required | {name.lower() for name in at_times}
    assert sent.keys() <= documented.keys()
    for name, value in sent.items():
        schema = documented[name]["schema"]
        jsonschema.validate(int(value) if schema["type"] == "integer" else value, schema)
    return answer


@pytest.fixture
def api(in_tenant_a: TenantRecord) -> Api:
    return Api(in_tenant_a, person="maker")


@pytest.fixture
def debtor(in_tenant_a: TenantRecord) -> Account:
    make_account(iban="DE37200000000000000003")
    return make_account(funds_minor=1_000_000_00)


def test_what_every_answer_of_the_document_says() -> None:
    for path, methods in DOCUMENT.whole["paths"].items():
        for method in METHODS:
            if method not in methods:
                continue
            operation = methods[method]
            for status, answer in operation["responses"].items():
                headers = DOCUMENT.headers(operation["operationId"], int(status))
                assert headers["x-correlation-id"]["required"], (path, method, status)
                assert {"401": "www-authenticate", "405": "allow", "429": "retry-after"}.get(status, "x-correlation-id") in headers
                assert all("$ref" in header for header in DOCUMENT.at(answer)["headers"].values())
            taken = {DOCUMENT.at(parameter)["name"] for parameter in operation["parameters"]}
            assert "X-Correlation-ID" in taken
            reads_tenant = path.startswith("/api/") and operation["security"] not in ([], [{"oauth2": ["platform:admin"]}])
            assert ("X-Tenant-ID" in taken) is (reads_tenant or path.endswith("/health"))
            key = "Idempotency-Key" in taken or operation["operationId"] == "sendPain001"
            made = [status for status in operation["responses"] if status.startswith("2")]
            assert all((REPLAYED.lower() in DOCUMENT.headers(operation["operationId"], int(status))) is key for status in made)


def test_customers(api: Api) -> None:
    body = body_of("createCustomer")
    made = assert_headers(api.post("/customers", body, key="k1"), "createCustomer", 201)
    again = assert_headers(api.post("/customers", body, key="k1"), "createCustomer", 201, REPLAYED)
    assert made["Location"] == again["Location"]
    assert_headers(api.post("/customers", {"name": "Bob"}, key="k1"), "createCustomer", 422)
    assert_headers(api.post("/customers", {"nom": "Bob"}), "createCustomer", 400)
    path = made["Location"].removeprefix("/api/v1")
    assert_headers(api.get("/customers"), "listCustomers", 200)
    assert_headers(api.get(path), "getCustomer", 200)
    assert_headers(api.get(f"/customers/{NOBODY}"), "getCustomer", 404, *COUNTED)
    assert_headers(api.send("PATCH", path, {"name": "Ada"}), "updateCustomer", 200)
    assert_headers(api.send("PATCH", path, {"name": "Ada"}, **{"If-Match": '"old"'}), "updateCustomer", 412, TAG)
    assert_headers(api.send("DELETE", path), "getCustomer", 405)


def test_accounts(api: Api, debtor: Account) -> None:
    made = assert_headers(api.post("/accounts", {"customerId": _customer(api), "name": "Savings"}, key="k1"), "openAccount", 201)
    path = made["Location"].removeprefix("/api/v1")
    assert_headers(api.get(path), "getAccount", 200)
    assert_headers(api.get(f"{path}/balance"), "getBalance", 200)
    assert_headers(api.send("PATCH", path, {"status": "CLOSED"}), "updateAccount", 200)
    unknown = {"customerId": NOBODY, "name": "Savings"}
    assert_headers(api.post("/accounts", unknown, key="k2"), "openAccount", 404, *COUNTED)
    assert_headers(api.post("/accounts", unknown, key="k2"), "openAccount", 404, *COUNTED, REPLAYED)


def _customer(api: Api) -> str:
    return str(api.post("/customers", {"name": "Ada"}).json()["customerId"])


def test_transactions(api: Api, debtor: Account) -> None:
    make_payment_type("DEMO_TRANSFER")
    make_payment_type("LATER", is_synchronous=False)
    body = body_of("createTransaction", debtorAccount=debtor.public_id)
    made = assert_headers(api.post("/transactions", body, key="k1"), "createTransaction", 201)
    assert_headers(api.post("/transactions", body, key="k1"), "createTransaction", 201, REPLAYED)
    for at_times in ((), (REPLAYED,)):
        assert_headers(api.post("/transactions", {**body, "paymentType": "LATER"}, key="k2"), "createTransaction", 202, *at_times)
        assert_headers(api.post("/transactions", {**body, "amount": "9000000.00"}, key="k3"), "createTransaction", 422, *at_times)
    assert_headers(api.post("/transactions", body, key=None), "createTransaction", 400)
    path = f"/transactions/{made.json()['transactionId']}"
    assert_headers(api.get(path), "getTransaction", 200)
    assert_headers(api.post(f"{path}/reverse", body_of("reverseTransaction"), key="k4"), "reverseTransaction", 201)
    assert_headers(api.post(f"{path}/reverse", body_of("reverseTransaction"), key="k4"), "reverseTransaction", 201, REPLAYED)
    assert_headers(api.post(f"{path}/cancel", {}, key="k5"), "cancelTransaction", 409)
    assert_headers(api.post(f"{path}/cancel", {}, key="k5"), "cancelTransaction", 409, REPLAYED)


def test_strangers_and_those_without_the_scope_or_the_tenant(api: Api, tenant_a: TenantRecord) -> None:
    assert_headers(Client().get("/api/v1/transactions"), "listTransactions", 401)
    assert_headers(Client(headers={"Authorization": "Bearer x"}).get("/api/v1/transactions"), "listTransactions", 401)
    assert_headers(Api(tenant_a, {"accounts:read"}).get("/transactions"), "listTransactions", 403, SCHEME, *COUNTED)
    assert_headers(api.get("/transactions", **{"X-Tenant-ID": "beta-bank"}), "listTransactions", 403)
    assert_headers(Platform().get("/transactions", **{"X-Tenant-ID": "nobody"}), "listTransactions", 404)
    assert_headers(Platform().get("/transactions", **{"X-Tenant-ID": "alpha-bank"}), "listTransactions", 200)


def test_the_platform_is_counted_where_it_acts_for_a_tenant(db: None) -> None:
    platform = Platform()
    assert_headers(platform.get("/config/tenants"), "listTenants", 200)
    assert_headers(platform.get("/config/tenants", **{"X-Tenant-ID": "alpha-bank"}), "listTenants", 200, *COUNTED)
    body = body_of("createTenant")
    assert_headers(platform.post("/config/tenants", body, key="k1"), "createTenant", 201, TAG)
    assert_headers(platform.post("/config/tenants", body, key="k1"), "createTenant", 201, REPLAYED)
    assert_headers(platform.post("/config/tenants", body), "createTenant", 200, TAG)
    assert_headers(platform.get("/config/tiers/BASIC/defaults"), "getTierDefaults", 200)
    assert_headers(platform.get("/config/tenants/nobody"), "getTenant", 404)


def test_configuration(api: Api) -> None:
    setting = body_of("saveSetting")
    assert_headers(api.post(f"{TENANT}/config", setting), "saveSetting", 201, *COUNTED)
    assert_headers(api.post(f"{TENANT}/config", setting), "saveSetting", 200, *COUNTED)
    waiting = {**setting, "configValue": "1.00", "requireApproval": True}
    proposed = assert_headers(api.post(f"{TENANT}/config", waiting), "saveSetting", 202, *COUNTED)
    rejected = api.post(f"{TENANT}/config/changes/{proposed.json()['changeId']}/reject", {})
    assert_headers(rejected, "rejectChange", 200, *COUNTED)
    stale = api.post(f"{TENANT}/config", setting, **{"If-Match": '"v7"'})
    assert_headers(stale, "saveSetting", 412, *COUNTED, TAG)
    assert_headers(api.get(f"{TENANT}/config"), "listSettings", 200, *COUNTED)
    assert_headers(api.get(f"{TENANT}/config/export"), "exportConfiguration", 200, *COUNTED)
    assert_headers(api.post(f"{TENANT}/features/new", body_of("saveFeature")), "saveFeature", 201, *COUNTED)
    assert_headers(api.post(f"{TENANT}/features/new", body_of("saveFeature")), "saveFeature", 200, *COUNTED)
    assert_headers(api.send("DELETE", f"{TENANT}/features/new"), "removeFeature", 204, *COUNTED)
    for status in (201, 200):
        assert_headers(api.post(f"{TENANT}/payment-types", body_of("createPaymentType")), "createPaymentType", status, *COUNTED)
    listed = assert_headers(api.get(f"{TENANT}/calendars"), "listCalendars", 200, *COUNTED)
    assert_headers(api.get(f"{TENANT}/calendars", **{"If-None-Match": listed[TAG]}), "listCalendars", 304, *COUNTED)
    day = {"date": "2099-06-10", "businessDay": False, "name": "Closed"}
    assert_headers(api.post(f"{TENANT}/calendars/TARGET2/days", day), "addCalendarDay", 201, *COUNTED)


def test_files(api: Api, in_tenant_a: TenantRecord) -> None:
    def send(body: str | bytes, content_type: str) -> Any:
        headers = {"Authorization": f"Bearer {api.token}"}
        return Client().generic("POST", "/api/v1/iso20022/pain001", body, content_type, headers=headers)

    file = pain001()
    first = assert_headers(send(file, "application/xml"), "sendPain001", 200)
    assert_headers(send(file, "application/xml"), "sendPain001", 200, REPLAYED)
    assert_headers(send("<", "application/xml"), "sendPain001", 400)
    assert_headers(send("{}", "application/json"), "sendPain001", 415)
    path = f"/iso20022/messages/{first.json()['messageId']}"
    assert_headers(api.get(f"{path}/report"), "getMessageReport", 200)
    assert_headers(api.get(f"{path}/report", Accept="image/png"), "getMessageReport", 406)


def test_too_many_requests(api: Api) -> None:
    limit = {"rateLimitPerMinute": 1, "burstCapacity": 1, "windowSizeSeconds": 60}
    made = api.send("PUT", f"{TENANT}/rate-limits?endpoint=/api/v1/transactions", limit)
    assert_headers(made, "saveRateLimit", 201, *COUNTED)
    assert_headers(api.get("/transactions"), "listTransactions", 200)
    assert_headers(api.get("/transactions"), "listTransactions", 429)
    assert_headers(api.post("/transactions", {}), "createTransaction", 429)


def _failing(make: Callable[[], Exception], *, asked_for: str = "") -> AbstractContextManager[None]:
    """The database answers so whatever is asked for, or only this table."""

    def fail(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        if asked_for in sql:
            raise make()
        return execute(sql, *more)

    return connection.execute_wrapper(fail)


def _away() -> Exception:
    error = OperationalError("server closed the connection unexpectedly")
    error.__cause__ = psycopg.OperationalError("server closed the connection unexpectedly")
    return error


def test_the_database_is_away_or_there_is_a_fault_of_ours(api: Api) -> None:
    with _failing(_away, asked_for='"customers"'):
        assert_headers(api.get("/customers"), "listCustomers", 503, *COUNTED)
    with _failing(lambda: ZeroDivisionError("a bug"), asked_for='"customers"'):
        assert_headers(api.get("/customers"), "listCustomers", 500, *COUNTED)
    registry.forget()
    with _failing(_away):
        assert_headers(api.get("/customers"), "listCustomers", 503)
        assert_headers(Client().get("/api/v1/health"), "getHealth", 503)


def test_what_is_public(api: Api) -> None:
    http = Client()
    assert_headers(http.get("/api/v1/health"), "getHealth", 200)
    assert_headers(http.get("/api/v1/health", headers={"X-Tenant-ID": "nobody"}), "getHealth", 404)
    assert_headers(http.post("/api/v1/health"), "getHealth", 405)
    assert_headers(http.get("/api/v1/problems"), "listProblemTypes", 200)
    assert_headers(http.get("/api/v1/problems/no_such_code"), "getProblemType", 404)


def test_tokens_and_keys(tenant_a: TenantRecord) -> None:
    http = Client()
    known = create_api_client(tenant=tenant_a.slug, name="Shop", scopes={"payments:read"})
    form = f"grant_type=client_credentials&client_id={known.client_id}&client_secret={known.client_secret}"
    assert_headers(http.post("/oauth2/token", form, FORM), "getToken", 200)
    assert_headers(http.post("/oauth2/token", f"{form}&scope=platform:admin", FORM), "getToken", 400)
    assert_headers(http.post("/oauth2/token", form + "x", FORM), "getToken", 401)
    assert_headers(http.post("/oauth2/token", "a=" + "x" * 100_000, FORM), "getToken", 413)
    assert_headers(http.get("/oauth2/token"), "getToken", 405)
    with _failing(_away):
        assert_headers(http.post("/oauth2/token", form, FORM), "getToken", 503)
    assert_headers(http.get("/.well-known/jwks.json"), "getKeys", 200)
    assert_headers(http.post("/.well-known/jwks.json"), "getKeys", 405)
    assert_headers(http.get("/.well-known/oauth-authorization-server"), "getAuthorizationServer", 200)


@pytest.mark.parametrize(
    ("offered", "is_kept"), [("order-7:a_b.c", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False)]
)
def test_the_callers_correlation_id_comes_back_or_another(offered: str, *, is_kept: bool) -> None:
    answer = assert_headers(Client().get("/api/v1/health", headers={"X-Correlation-ID": offered}), "getHealth", 200)
    assert (answer["X-Correlation-ID"] == offered) is is_kept
