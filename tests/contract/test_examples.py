"""The examples of the published document: each fits its own schema, and the engine takes those of bodies and answers alike."""

import re
from typing import Any, Final

import jsonschema
import pytest

from accounts.models import Account
from payment_engine.api.catalogue import problem_types
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import Platform
from tests.contract.published import Document
from tests.factories import make_account, make_payment_type

DOCUMENT: Final = Document()
WITH_BODY: Final = [
    "createCustomer", "updateCustomer", "openAccount", "updateAccount",
    "createTransaction", "reverseTransaction", "approveTransaction", "rejectTransaction", "cancelTransaction",
    "createPaymentType", "changePaymentType", "saveSetting", "saveFeature", "saveRateLimit",
    "createTenant", "updateTenant", "sendPain001", "getToken",
]  # fmt: skip
WITHOUT_BODY: Final = [
    "listCustomers", "getCustomer", "listAccounts", "getAccount", "getBalance", "listTransactions", "getTransaction",
    "listPaymentTypes", "getPaymentType", "listSettings", "getFeature", "listFeatures", "listTenants", "getTenant",
    "listMessages", "getMessage", "getMessageReport", "getValueDate", "getHealth", "getConfigHealth", "getKeys",
]  # fmt: skip
MONEY_IS_THERE: Final = 1_000_000_00
DE_DEBTOR, DE_CREDITOR = "DE91200000000000000001", "DE37200000000000000003"
TENANT: Final = "/config/tenants/alpha-bank"


def body_of(operation_id: str, **put_in: Any) -> Any:
    media = DOCUMENT.operations[operation_id]["requestBody"]["content"]["application/json"]
    return {**media["example"], **put_in}


def answer_of(operation_id: str, status: int) -> Any:
    return DOCUMENT.operations[operation_id]["responses"][str(status)]["content"]["application/json"]["example"]


def assert_as_published(answer: Any, operation_id: str, status: int) -> Any:
    """With the members of the example, and values of their types."""
    assert answer.status_code == status, answer.content
    made, shown = answer.json(), answer_of(operation_id, status)
    assert made.keys() == shown.keys()
    for name, value in shown.items():
        assert made[name] is None or value is None or isinstance(made[name], type(value)), name
    return made


def closed(schema: Any) -> Any:
    """The same schema, but an object has the members that are named and no others."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(member) for name, member in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


class TestWithoutSending:
    def test_each_example_fits_its_schema_and_has_no_member_beside_it(self) -> None:
        validated = 0
        for place, media in DOCUMENT.media_with_examples():
            validator = jsonschema.Draft202012Validator(
                closed(DOCUMENT.schema(media["schema"])), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
            )
            errors = [error.message for error in validator.iter_errors(media["example"])]
            assert not errors, (place, errors)
            validated += 1
        assert validated > len(WITH_BODY) + len(WITHOUT_BODY)

    @pytest.mark.parametrize("operation_id", [*WITH_BODY, *WITHOUT_BODY])
    def test_what_an_integrator_starts_with_has_examples(self, operation_id: str) -> None:
        shown = {place.split()[1] for place, _ in DOCUMENT.media_with_examples() if place.startswith(f"{operation_id} ")}
        assert ("body" in shown) is (operation_id in WITH_BODY)
        assert any(place.startswith("2") for place in shown)

    def test_each_problem_has_an_example_of_a_code_that_exists(self) -> None:
        known = problem_types()
        statuses = set()
        for name, response in DOCUMENT.whole["components"]["responses"].items():
            example = response["content"]["application/problem+json"]["example"]
            statuses.add(example["status"])
            assert known[example["code"]].status == example["status"]
            assert name.startswith(f"Problem{example['status']}")
        assert statuses >= {400, 401, 403, 404, 409, 422, 423, 429, 503}

    def test_each_header_and_its_example_are_those_of_its_schema(self) -> None:
        for header in DOCUMENT.whole["components"]["headers"].values():
            jsonschema.validate(header["example"], header["schema"])


@pytest.fixture
def api(in_tenant_a: TenantRecord) -> Api:
    return Api(in_tenant_a, person="maker")


@pytest.fixture
def debtor(in_tenant_a: TenantRecord) -> Account:
    make_account(iban=DE_CREDITOR)
    return make_account(funds_minor=MONEY_IS_THERE, iban=DE_DEBTOR)


@pytest.mark.django_db
class TestSent:
    """To the running API, with ids put in."""

    def test_customers(self, api: Api, tenant_b: TenantRecord) -> None:
        made = assert_as_published(api.post("/customers", body_of("createCustomer")), "createCustomer", 201)
        path = f"/customers/{made['customerId']}"
        assert_as_published(api.get(path), "getCustomer", 200)
        assert_as_published(api.send("PATCH", path, body_of("updateCustomer")), "updateCustomer", 200)
        assert_as_published(api.get("/customers"), "listCustomers", 200)
        assert Api(tenant_b).get(path).status_code == 404

    def test_accounts(self, api: Api, tenant_b: TenantRecord) -> None:
        customer = api.post("/customers", body_of("createCustomer")).json()["customerId"]
        made = assert_as_published(api.post("/accounts", body_of("openAccount", customerId=customer)), "openAccount", 201)
        path = f"/accounts/{made['accountId']}"
        assert made["balance"] == answer_of("openAccount", 201)["balance"]
        assert_as_published(api.get(path), "getAccount", 200)
        assert_as_published(api.get(f"{path}/balance"), "getBalance", 200)
        assert_as_published(api.send("PATCH", path, body_of("updateAccount")), "updateAccount", 200)
        assert_as_published(api.get("/accounts"), "listAccounts", 200)
        assert Api(tenant_b).get(path).status_code == 404

    def test_transactions(self, api: Api, debtor: Account) -> None:
        make_payment_type("DEMO_TRANSFER", processing_fee="1.00")
        body = body_of("createTransaction", debtorAccount=debtor.public_id)
        made = assert_as_published(api.post("/transactions", body), "createTransaction", 201)
        path = f"/transactions/{made['transactionId']}"
        assert (made["fee"], made["isoStatus"]) == ("1.00", answer_of("createTransaction", 201)["isoStatus"])
        assert_as_published(api.get(path), "getTransaction", 200)
        assert_as_published(api.get("/transactions"), "listTransactions", 200)
        assert_as_published(api.post(f"{path}/reverse", body_of("reverseTransaction")), "reverseTransaction", 201)

    @pytest.mark.parametrize("verb", ["approve", "reject", "cancel"])
    def test_transactions_that_wait(self, api: Api, tenant_a: TenantRecord, debtor: Account, verb: str) -> None:
        make_payment_type("DEMO_TRANSFER", processing_fee="1.00", approval_threshold="10")
        waiting = api.post("/transactions", body_of("createTransaction", debtorAccount=debtor.public_id))
        assert_as_published(waiting, "createTransaction", 202)
        assert waiting.json()["isoStatus"] == answer_of("createTransaction", 202)["isoStatus"]
        checker = api if verb == "cancel" else Api(tenant_a, person="checker")
        operation_id = f"{verb}Transaction"
        decided = checker.post(f"/transactions/{waiting.json()['transactionId']}/{verb}", body_of(operation_id))
        made, shown = assert_as_published(decided, operation_id, 200), answer_of(operation_id, 200)
        assert (made["status"], made["isoStatus"], made["rail"]) == (shown["status"], shown["isoStatus"], shown["rail"])
        assert made["approval"]["status"] == shown["approval"]["status"]

    def test_payment_types(self, api: Api) -> None:
        assert_as_published(api.post(f"{TENANT}/payment-types", body_of("createPaymentType")), "createPaymentType", 201)
        path = f"{TENANT}/payment-types/DEMO_TRANSFER"
        assert_as_published(api.get(path), "getPaymentType", 200)
        assert_as_published(api.send("PUT", path, body_of("changePaymentType")), "changePaymentType", 200)
        asked = answer_of("getValueDate", 200)
        explained = api.get("/value-date?paymentType=DEMO_TRANSFER&at=2026-04-02T15:00:01Z")
        assert explained.json()["reasons"][: len(asked["reasons"])] == asked["reasons"]
        assert {**explained.json(), "reasons": []} == {**asked, "reasons": []}

    def test_settings_features_and_rate_limits(self, api: Api) -> None:
        assert_as_published(api.post(f"{TENANT}/config", body_of("saveSetting")), "saveSetting", 201)
        (shown,) = api.get(f"{TENANT}/config?configKey=payment.max_daily_limit").json()["data"]
        (example,) = answer_of("listSettings", 200)["data"]
        told = ("configKey", "configValue", "source", "version", "type", "description", "allowed", "changeableBy", "reason")
        assert {name: shown[name] for name in told} == {name: example[name] for name in told}
        feature = f"{TENANT}/features/instant-payments"
        assert_as_published(api.post(feature, body_of("saveFeature")), "saveFeature", 201)
        assert_as_published(api.get(f"{feature}?unit=cus-1"), "getFeature", 200)
        limit = api.send("PUT", f"{TENANT}/rate-limits?endpoint=/api/v1/transactions", body_of("saveRateLimit"))
        assert_as_published(limit, "saveRateLimit", 201)

    def test_tenants(self, db: None) -> None:
        platform = Platform()
        assert_as_published(platform.post("/config/tenants", body_of("createTenant")), "createTenant", 201)
        assert_as_published(platform.get("/config/tenants/demo-bank"), "getTenant", 200)
        assert_as_published(platform.send("PATCH", "/config/tenants/demo-bank", body_of("updateTenant")), "updateTenant", 200)

    def test_a_file(self, api: Api, debtor: Account) -> None:
        make_payment_type()
        file = DOCUMENT.operations["sendPain001"]["requestBody"]["content"]["application/xml"]["example"]
        answer = api._client.post(  # XML, where `Api` sends JSON
            "/api/v1/iso20022/pain001", file, content_type="application/xml", headers={"Authorization": f"Bearer {api.token}"}
        )
        made = assert_as_published(answer, "sendPain001", 200)
        assert made["transactions"] == answer_of("sendPain001", 200)["transactions"], made["findings"]
        details = assert_as_published(api.get(f"/iso20022/messages/{made['messageId']}"), "getMessage", 200)
        assert re.sub("msg_[0-9a-f]{32}", "msg", details["report"]) == "/api/v1/iso20022/messages/msg/report"

    def test_health(self, api: Api) -> None:
        answer = api.get("/health", **{"X-Tenant-ID": "alpha-bank"})
        assert_as_published(answer, "getHealth", 200)
