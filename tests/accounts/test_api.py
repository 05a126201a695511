"""Customers, accounts, balances, postings and statements, through the whole stack."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from accounts.models import Account, Customer
from accounts.operations.journals import post_opening_balance
from payment_engine.clock import today
from payment_engine.ids import new_id, public_id
from payments.operations.submit import submit_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_customer, make_payment_type, payment

pytestmark = [pytest.mark.django_db]
IBAN = "DE89370400440532013000"


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


@pytest.fixture
def api_b(tenant_b: TenantRecord) -> Api:
    """The neighbour's client."""
    return Api(tenant_b)


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Customer:
    return make_customer()


@pytest.fixture
def account(in_tenant_a: TenantRecord) -> Account:
    return make_account(funds_minor=1_000_00)


def problem(response: Any, status: int, code: str, pointer: str | None = None) -> bool:
    assert response.status_code == status, response.content
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["code"] == code
    if pointer is not None:
        assert [error["pointer"] for error in body["errors"]] == [pointer]
    return True


class TestCustomers:
    def test_a_customer_is_taken_on_and_read_back(self, api: Api, api_b: Api) -> None:
        made = api.post("/customers", {"name": "Ada Lovelace", "reference": "C-1", "email": "ada@example.com"})
        assert made.status_code == 201
        body = made.json()
        assert {name: body[name] for name in ("name", "reference", "email")} == {
            "name": "Ada Lovelace",
            "reference": "C-1",
            "email": "ada@example.com",
        }
        assert body["createdAt"].endswith("Z")
        assert made.headers["Location"] == f"/api/v1/customers/{body['customerId']}"
        assert api.get(f"/customers/{body['customerId']}").json() == body
        assert problem(api_b.get(f"/customers/{body['customerId']}"), 404, "not_found")
        assert api_b.get("/customers").json()["data"] == []

    def test_a_key_is_optional_and_has_a_form(self, api: Api) -> None:
        assert api.post("/customers", {"name": "Ada"}, key=None).status_code == 201
        assert problem(api.post("/customers", {"name": "Ada"}, key="two words"), 400, "idempotency_key_invalid")

    def test_a_reference_belongs_to_one_customer_of_the_tenant(self, api: Api, api_b: Api) -> None:
        first, second = ({"name": name, "reference": "C-1"} for name in ("Ada", "Bob"))
        assert api.post("/customers", first).status_code == 201
        assert problem(api.post("/customers", second), 409, "customer_exists", "/reference")
        assert api_b.post("/customers", second).status_code == 201

    def test_what_is_given_changes_and_the_rest_stays(self, api: Api, api_b: Api) -> None:
        customer = api.post("/customers", {"name": "Ada", "reference": "C-1", "email": "ada@example.com"}).json()
        path = f"/customers/{customer['customerId']}"
        assert api.send("PATCH", path, {"name": "Countess Lovelace"}).json() == customer | {"name": "Countess Lovelace"}
        assert api.send("PATCH", path, {"reference": None, "email": None}).json()["reference"] is None
        assert api.send("PATCH", path, {}).json()["name"] == "Countess Lovelace"
        assert problem(api_b.send("PATCH", path, {"name": "stolen"}), 404, "not_found")

    @pytest.mark.parametrize(
        ("body", "status", "pointer"),
        [
            ({}, 422, "/name"),
            ({"name": ""}, 422, "/name"),
            ({"name": " Ada"}, 422, "/name"),
            ({"name": "Ada\n"}, 422, "/name"),
            ({"name": "A\u0001da"}, 422, "/name"),
            ({"name": "A\x00da"}, 422, "/name"),
            ({"name": "A\uffffda"}, 422, "/name"),
            ({"name": "x" * 141}, 422, "/name"),
            ({"name": None}, 422, "/name"),
            ({"name": "Ada", "email": "nobody"}, 422, "/email"),
            ({"name": "Ada", "reference": ""}, 422, "/reference"),
            ({"name": "Ada", "vip": True}, 400, "/vip"),
        ],
    )
    def test_a_wrong_body_is_refused_with_its_pointer(self, api: Api, body: dict[str, Any], status: int, pointer: str) -> None:
        response = api.post("/customers", body)
        assert response.status_code == status, response.content
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer]

    def test_an_outdated_copy_changes_nothing(self, api: Api, in_tenant_a: TenantRecord) -> None:
        path = f"/customers/{make_customer().public_id}"
        seen = api.get(path).headers["ETag"]
        changed = api.send("PATCH", path, {"email": "ada@example.com"}, **{"If-Match": seen})
        assert (changed.status_code, changed.headers["ETag"]) == (200, api.get(path).headers["ETag"])
        assert changed.headers["ETag"] != seen
        assert problem(api.send("PATCH", path, {"email": None}, **{"If-Match": seen}), 412, "stale_version")
        assert api.get(path).json()["email"] == "ada@example.com"

    def test_a_lone_surrogate_is_refused(self, api: Api) -> None:
        assert problem(api.post("/customers", b'{"name": "\\ud800"}'), 400, "malformed_json")

    def test_the_list_is_filtered_and_paged(self, api: Api) -> None:
        for number in range(5):
            api.post("/customers", {"name": f"Customer {number}", "reference": f"C-{number}"})
        names, cursor = [], ""
        while True:
            page = api.get(f"/customers?limit=2{cursor}").json()
            names += [customer["name"] for customer in page["data"]]
            if not page["hasMore"]:
                break
            cursor = f"&cursor={page['nextCursor']}"
        assert names == [f"Customer {number}" for number in reversed(range(5))]
        assert [c["name"] for c in api.get("/customers?reference=C-3").json()["data"]] == ["Customer 3"]
        assert problem(api.get("/customers?name=Ada"), 400, "unknown_parameter", "?name")


class TestOpeningAccounts:
    def test_an_iban_is_taken_and_found_as_people_write_it(self, api: Api, ada: Customer, tenant_b: TenantRecord) -> None:
        as_written = "de89 3704 0044 0532 0130 00"
        made = api.post("/accounts", {"customerId": ada.public_id, "currency": "EUR", "name": "Savings", "iban": as_written}).json()
        assert made["iban"] == "DE89370400440532013000"
        assert [found["accountId"] for found in api.get(f"/accounts?iban={quote(as_written)}").json()["data"]] == [made["accountId"]]
        assert Api(tenant_b).get(f"/accounts?iban={quote(as_written)}").json()["data"] == []

    def test_an_account_is_opened_with_nothing_on_it(self, api: Api, ada: Customer) -> None:
        made = api.post(
            "/accounts", {"customerId": ada.public_id, "currency": "JPY", "name": "Savings", "iban": IBAN, "overdraftLimit": 5000}
        )
        assert made.status_code == 201, made.content
        body = made.json()
        assert body["balance"] == {"booked": "0", "held": "0", "available": "5000"}
        expected = {"currency": "JPY", "iban": IBAN, "type": "LIABILITY", "role": "CUSTOMER", "status": "OPEN", "overdraftLimit": "5000"}
        assert {name: body[name] for name in expected} == expected
        assert body["customerId"] == ada.public_id
        assert len(body["accountNumber"]) == 12
        assert api.get(made.headers["Location"].removeprefix("/api/v1")).json() == body

    @pytest.mark.parametrize(
        ("change", "status", "code", "pointer"),
        [
            ({"customerId": public_id("cus", new_id())}, 404, "not_found", "/customerId"),
            ({"customerId": "cus_1"}, 422, "validation_failed", "/customerId"),
            ({"currency": "EURO"}, 422, "currency_unknown", "/currency"),
            ({"iban": "DE89370400440532013001"}, 422, "iban_invalid", "/iban"),
            ({"iban": "DE89-3704-0044-0532-0130-00"}, 422, "iban_invalid", "/iban"),
            ({"iban": f"{IBAN}\n"}, 422, "iban_invalid", "/iban"),
            ({"accountNumber": "FEE-EUR"}, 422, "validation_failed", "/accountNumber"),
            ({"accountNumber": "DE89370400440532013000"}, 422, "validation_failed", "/accountNumber"),
            ({"accountNumber": "1\n"}, 422, "validation_failed", "/accountNumber"),
            ({"overdraftLimit": "-1"}, 422, "amount_invalid", "/overdraftLimit"),
            ({"overdraftLimit": "1.001"}, 422, "amount_invalid", "/overdraftLimit"),
            ({"overdraftLimit": None}, 422, "amount_invalid", "/overdraftLimit"),
            ({"type": "SAVINGS"}, 422, "validation_failed", "/type"),
            ({"name": "\t"}, 422, "validation_failed", "/name"),
            ({"balance": "5"}, 400, "unknown_field", "/balance"),
        ],
    )
    def test_a_wrong_body_is_refused_with_its_pointer(  # noqa: PLR0917  # pytest passes by name
        self, api: Api, ada: Customer, change: dict[str, Any], status: int, code: str, pointer: str
    ) -> None:
        valid = {"customerId": ada.public_id, "currency": "EUR", "name": "Current account"}
        assert problem(api.post("/accounts", valid | change), status, code, pointer)
        assert Account.objects.count() == 0

    @pytest.mark.parametrize(("name", "value"), [("iban", IBAN), ("accountNumber", "4711")])
    def test_an_identity_belongs_to_one_account_of_the_tenant(  # noqa: PLR0917  # pytest passes by name
        self, api: Api, api_b: Api, ada: Customer, tenant_b: TenantRecord, name: str, value: str
    ) -> None:
        body = {"customerId": ada.public_id, "currency": "EUR", "name": "Current account", name: value}
        assert api.post("/accounts", body).status_code == 201
        assert problem(api.post("/accounts", body), 409, "account_exists", f"/{name}")
        with tenant_scope(tenant_b):
            theirs = make_customer()
        assert api_b.post("/accounts", body | {"customerId": theirs.public_id}).status_code == 201

    def test_an_account_for_another_tenants_customer_is_refused(self, api_b: Api, ada: Customer) -> None:
        body = {"customerId": ada.public_id, "currency": "EUR", "name": "Current account"}
        assert problem(api_b.post("/accounts", body), 404, "not_found", "/customerId")


class TestReadingAccounts:
    def test_the_list_is_filtered(self, api: Api, api_b: Api, account: Account) -> None:
        other = make_account("JPY", iban=IBAN)
        shown = {
            "": [other.public_id, account.public_id],
            "&currency=JPY": [other.public_id],
            f"&iban={IBAN}": [other.public_id],
            f"&accountNumber={account.number}": [account.public_id],
            f"&customerId={account.customer.public_id}": [account.public_id],
            "&status=FROZEN": [],
            "&type=LIABILITY": [other.public_id, account.public_id],
            f"&createdAt[gte]={datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}": [],
        }
        for query, expected in shown.items():
            assert [a["accountId"] for a in api.get(f"/accounts?role=CUSTOMER{query}").json()["data"]] == expected, query
        assert api_b.get("/accounts").json() == {"data": [], "hasMore": False, "nextCursor": None}
        assert problem(api.get("/accounts?currency=euro"), 400, "parameter_invalid", "?currency")

    def test_the_banks_own_accounts_are_shown_with_what_no_fold_has_moved_yet(self, api: Api, account: Account) -> None:
        [equity] = api.get("/accounts?role=EQUITY").json()["data"]
        assert equity["balance"]["booked"] == "-1000.00"
        assert api.get(f"/accounts/{equity['accountId']}/balance").json()["booked"] == "-1000.00"
        assert equity["customerId"] is None
        response = api.send("PATCH", f"/accounts/{equity['accountId']}", {"name": "Mine"})
        assert problem(response, 409, "account_shared")

    @pytest.mark.parametrize("resource", ["", "/balance", "/postings", "/statements"])
    def test_another_tenants_account_is_not_found(self, api_b: Api, account: Account, resource: str) -> None:
        assert problem(api_b.get(f"/accounts/{account.public_id}{resource}"), 404, "not_found")
        assert problem(api_b.get(f"/accounts/acc_1{resource}"), 404, "not_found")

    def test_a_token_without_the_scope_reads_and_writes_nothing(self, tenant_a: TenantRecord, account: Account) -> None:
        without = Api(tenant_a, scopes={"payments:read"})
        assert problem(without.get(f"/accounts/{account.public_id}"), 403, "not_authorised")
        reader = Api(tenant_a, scopes={"accounts:read"})
        assert reader.get(f"/accounts/{account.public_id}").status_code == 200
        assert problem(reader.send("PATCH", f"/accounts/{account.public_id}", {}), 403, "not_authorised")


class TestChangingAccounts:
    def test_name_limit_and_status_change_together_or_not_at_all(self, api: Api, account: Account) -> None:
        path = f"/accounts/{account.public_id}"
        changed = api.send("PATCH", path, {"name": "Household", "overdraftLimit": "250.00", "status": "FROZEN"}).json()
        assert (changed["name"], changed["overdraftLimit"], changed["status"]) == ("Household", "250.00", "FROZEN")
        assert changed["balance"] == {"booked": "1000.00", "held": "0.00", "available": "1250.00"}
        refused = api.send("PATCH", path, {"name": "Never", "status": "CLOSED"})
        assert problem(refused, 409, "account_not_empty")
        assert api.get(path).json() == changed

    def test_a_stale_copy_changes_nothing(self, api: Api, account: Account) -> None:
        path = f"/accounts/{account.public_id}"
        etag = api.get(path).headers["ETag"]
        first = api.send("PATCH", path, {"name": "First"}, **{"If-Match": etag})
        assert (first.status_code, first.headers["ETag"]) == (200, api.get(path).headers["ETag"])
        assert problem(api.send("PATCH", path, {"name": "Second"}, **{"If-Match": etag}), 412, "stale_version")
        assert api.get(path).json()["name"] == "First"
        assert api.send("PATCH", path, {"name": "Second"}, **{"If-Match": first.headers["ETag"]}).status_code == 200

    def test_a_posting_makes_no_copy_stale(self, api: Api, account: Account) -> None:
        path = f"/accounts/{account.public_id}"
        etag = api.get(path).headers["ETag"]
        post_opening_balance(account_id=account.id, amount_minor=1, currency="EUR")
        assert api.send("PATCH", path, {"name": "Still mine"}, **{"If-Match": etag}).status_code == 200

    def test_a_limit_in_use_stays(self, api: Api, in_tenant_a: TenantRecord) -> None:
        make_payment_type()
        debtor, creditor = make_account(overdraft_limit_minor=500_00), make_account()
        submit_payments([payment(debtor, creditor, 400_00)])
        path = f"/accounts/{debtor.public_id}"
        assert problem(api.send("PATCH", path, {"overdraftLimit": "399.99"}), 409, "overdraft_in_use")
        assert api.send("PATCH", path, {"overdraftLimit": 400}).json()["balance"]["available"] == "0.00"

    def test_a_closed_account_stays_closed(self, api: Api, in_tenant_a: TenantRecord) -> None:
        path = f"/accounts/{make_account().public_id}"
        closed = api.send("PATCH", path, {"status": "CLOSED"}).json()
        assert (closed["status"], closed["closedAt"] is not None) == ("CLOSED", True)
        for body in ({"status": "OPEN"}, {"name": "Again"}, {"status": "CLOSED"}):
            assert problem(api.send("PATCH", path, body), 409, "account_stays_closed")

    def test_a_wrong_change_is_refused_with_its_pointer(self, api: Api, account: Account) -> None:
        path = f"/accounts/{account.public_id}"
        assert problem(api.send("PATCH", path, {"currency": "USD"}), 400, "unknown_field", "/currency")
        assert problem(api.send("PATCH", path, {"status": "GONE"}), 422, "validation_failed", "/status")
        assert problem(api.send("PATCH", path, {"overdraftLimit": "1.001"}), 422, "amount_invalid", "/overdraftLimit")
        assert problem(api.send("PATCH", path, {"name": "a\u0007"}), 422, "validation_failed", "/name")


class TestBalances:
    def test_now(self, api: Api, account: Account) -> None:
        body = api.get(f"/accounts/{account.public_id}/balance").json()
        assert (body["booked"], body["held"], body["available"]) == ("1000.00", "0.00", "1000.00")
        assert (body["accountId"], body["currency"]) == (account.public_id, "EUR")

    @pytest.mark.parametrize(
        ("as_of", "booked"),
        [("0001-01-01T00:00:00%2B23:59", "0.00"), ("2020-01-01T00:00:00Z", "0.00"), ("9999-12-31T23:59:59.999999-23:59", "1000.00")],
    )
    def test_at_another_moment_held_and_available_are_not_told(self, api: Api, account: Account, as_of: str, booked: str) -> None:
        body = api.get(f"/accounts/{account.public_id}/balance?asOf={as_of}").json()
        assert body["booked"] == booked
        assert not body.keys() & {"held", "available"}

    def test_the_moment_is_told_in_utc(self, api: Api, account: Account) -> None:
        body = api.get(f"/accounts/{account.public_id}/balance?asOf=2026-11-01T10:00:00%2B02:00").json()
        assert body["asOf"] == "2026-11-01T08:00:00Z"

    @pytest.mark.parametrize(
        "query",
        ["asOf=yesterday", "asOf=2020-01-01T00:00:00", "at=2020-01-01T00:00:00Z", "asOf=", "asOf=%00"],
    )
    def test_a_wrong_moment_is_refused(self, api: Api, account: Account, query: str) -> None:
        assert api.get(f"/accounts/{account.public_id}/balance?{query}").status_code == 400


class TestPostings:
    def test_postings_tell_what_happened_newest_first(self, api: Api, account: Account) -> None:
        make_payment_type()
        other = make_account()
        [outcome] = submit_payments([payment(account, other, 25_00)])
        assert outcome.payment is not None
        newest, oldest = api.get(f"/accounts/{account.public_id}/postings").json()["data"]
        assert (newest["amount"], newest["balanceAfter"], newest["kind"]) == ("-25.00", "975.00", "PAYMENT")
        assert newest["transactionId"] == public_id("pay", outcome.payment.id)
        assert (oldest["amount"], oldest["balanceAfter"], oldest["kind"]) == ("1000.00", "1000.00", "OPENING")
        assert oldest["transactionId"] is None

    def test_times_bound_the_list(self, api: Api, account: Account) -> None:
        [posting] = api.get(f"/accounts/{account.public_id}/postings").json()["data"]
        at = posting["createdAt"]
        for query, count in ((f"createdAt[gte]={at}", 1), (f"createdAt[lte]={at}", 1), ("createdAt[lte]=2020-01-01T00:00:00Z", 0)):
            assert len(api.get(f"/accounts/{account.public_id}/postings?{query}").json()["data"]) == count, query
        assert problem(api.get(f"/accounts/{account.public_id}/postings?createdAt={at}"), 400, "unknown_parameter")

    def test_a_cursor_is_good_for_one_account_of_one_tenant(
        self, api: Api, api_b: Api, account: Account, in_tenant_a: TenantRecord
    ) -> None:
        post_opening_balance(account_id=account.id, amount_minor=1, currency="EUR")
        cursor = api.get(f"/accounts/{account.public_id}/postings?limit=1").json()["nextCursor"]
        assert api.get(f"/accounts/{account.public_id}/postings?cursor={cursor}").status_code == 200
        other = make_account(funds_minor=100)
        assert problem(api.get(f"/accounts/{other.public_id}/postings?cursor={cursor}"), 404, "cursor_unknown")
        make_account()
        of_all = api.get("/accounts?limit=1").json()["nextCursor"]
        assert api.get(f"/accounts?cursor={of_all}").status_code == 200
        assert problem(api_b.get(f"/accounts?cursor={of_all}"), 404, "cursor_unknown")

    def test_pages_stay_stable_while_postings_come_in(self, api: Api, account: Account) -> None:
        for amount in range(1, 7):
            post_opening_balance(account_id=account.id, amount_minor=amount, currency="EUR")
        path = f"/accounts/{account.public_id}/postings?limit=3"
        first = api.get(path).json()
        post_opening_balance(account_id=account.id, amount_minor=99, currency="EUR")
        second = api.get(f"{path}&cursor={first['nextCursor']}").json()
        assert [p["amount"] for p in first["data"] + second["data"]] == ["0.06", "0.05", "0.04", "0.03", "0.02", "0.01"]
        assert (second["hasMore"], len(api.get(f"{path}&cursor={second['nextCursor']}").json()["data"])) == (True, 1)


class TestStatements:
    def test_a_day_leads_from_the_opening_to_the_closing_balance(self, api: Api, account: Account) -> None:
        make_payment_type("DEMO_TRANSFER", processing_fee="1.00")
        other = make_account(iban=IBAN)
        submit_payments([payment(account, other, 25_00, payment_type="DEMO_TRANSFER")])
        body = api.get(f"/accounts/{account.public_id}/statements").json()
        assert (body["openingBalance"], body["closingBalance"]) == ("0.00", "974.00")
        assert [(e["amount"], e["balanceAfter"], e["isCharge"]) for e in body["entries"]] == [
            ("1000.00", "1000.00", False),
            ("-25.00", "975.00", False),
            ("-1.00", "974.00", True),
        ]
        assert body["entries"][1]["counterpartyName"] == "Ada Lovelace"
        assert body["entries"][1]["counterpartyIban"] == IBAN

    @pytest.mark.parametrize(("day", "balance"), [("0001-01-01", "0.00"), ("2020-02-29", "0.00")])
    def test_a_day_without_postings_opens_and_closes_alike(self, api: Api, account: Account, day: str, balance: str) -> None:
        body = api.get(f"/accounts/{account.public_id}/statements?date={day}").json()
        assert (body["openingBalance"], body["closingBalance"], body["entries"], body["date"]) == (balance, balance, [], day)

    def test_a_day_to_come_has_none(self, api: Api, account: Account) -> None:
        for day in (today() + timedelta(days=1), date.max):
            answer = api.get(f"/accounts/{account.public_id}/statements?date={day}")
            assert problem(answer, 422, "date_out_of_range", "?date")

    @pytest.mark.parametrize("query", ["date=2026-02-30", "date=today", "date=2026-01-01T00:00:00Z", "day=2026-01-01"])
    def test_a_wrong_day_is_refused(self, api: Api, account: Account, query: str) -> None:
        assert api.get(f"/accounts/{account.public_id}/statements?{query}").status_code == 400
