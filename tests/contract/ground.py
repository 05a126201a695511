"""What the generated requests find: a tenant with customers, funded accounts and payments, and the values that lead to them."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.test import Client

from accounts.models import Account
from payment_engine.clock import now
from tenants.operations.clients import create_api_client
from tenants.scopes import TENANT_SCOPES
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import pain001

IBANS = ("DE89370400440532013000", "FR1420041010050500013M02606", "GB29NWBK60161331926819", "NL91ABNA0417164300")
Values = list[str | int]
Dictionaries = dict[str, Values]
_LISTS = ("transactions", "accounts", "customers", "config/tenants/alpha-bank/features", "config/tenants/alpha-bank/rate-limits/history")
BINDINGS: Final = {
    "path.accountId": "accounts",
    "path.customerId": "customers",
    "path.transactionId": "payments",
    "path.messageId": "messages",
    "path.tenantId": "tenants",
    "query.endpoint": "endpoints",
    "body.endpoint": "endpoints",
    "path.calendarCode": "calendars",
    "path.day": "days",
    "query.at": "instants",
    "query.requestedExecutionDate": "days",
    "body.date": "new_days",
    "body.timeZone": "zones",
    "path.key": "features",
    "path.code": "codes",
    "path.changeId": "changes",
    "query.configKey": "settings",
    "query.from": "versions",
    "query.to": "versions",
    "query.version": "versions",
    "body.version": "versions",
    "body.configKey": "settings",
    "query.cursor": "cursors",
    "query.currency": "currencies",
    "query.customerId": "customers",
    "query.debtorAccount": "accounts",
    "query.creditorAccount": "accounts",
    "query.paymentType": "types",
    "header.X-Tenant-ID": "tenants",
    "body.customerId": "customers",
    "body.iban": "ibans",
    "body.paymentType": "types",
    "body.debtorAccount": "parties",
    "body.creditorAccount": "parties",
    "body.amount": "amounts",
    "body.requestedExecutionDate": "near_days",
    "body.currency": "currencies",
    "body.scope": "scopes",
}
"""Which dictionary a name of the document takes its known values from."""
BINDINGS_OF_PATHS: Final = {
    "/transactions/{transactionId}/(approve|reject|cancel)$": {"path.transactionId": "waiting"},
    "/problems/{code}$": {"path.code": "problems"},
    "/calendars/{calendarCode}$": {"path.calendarCode": "own_calendars"},
}
"""Where the same name means something else."""
WEIGHTS: Final = {"query.cursor": 0.3, "path.tenantId": 1.2, "header.X-Tenant-ID": 1.2}
"""What is known is sent more often than not. A cursor is good for one list only; the name of another tenant is refused before all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Known values, by the name of a dictionary of Schemathesis; `basic` is how a client names itself to get a token."""

    dictionaries: Dictionaries
    bindings: dict[str, str]
    basic: str

    def configuration(self, probability: float) -> dict[str, Any]:
        """Where a name of the document takes known values, and how often; other draws stay random."""

        def bound(bindings: dict[str, str]) -> dict[str, Any]:
            return {key: {"dictionary": name, "probability": probability * WEIGHTS.get(key, 1)} for key, name in bindings.items()}

        return {
            "dictionaries": {name: {"values": values} for name, values in self.dictionaries.items()},
            "parameters": bound(self.bindings),
            "operations": [
                *({"include-path-regex": path, "parameters": bound(bindings)} for path, bindings in BINDINGS_OF_PATHS.items()),
                {"include-path": "/oauth2/token", "headers": {"Authorization": self.basic}},
            ],
        }


def prepare_ground(api: Api, other: Api) -> Ground:
    """Inside the scope of the tenant of both clients; the second answers for what the first is to decide on."""
    types = _payment_types()
    accounts = _accounts()
    return Ground(
        dictionaries={
            **types,
            **_parties(api, accounts),
            **_payments(api, accounts),
            **_waiting_payments(other, accounts),
            "messages": [_message(api)],
            **_features(api),
            **_rate_limits(api),
            **_settings(api),
            **_calendars(api),
            "scopes": ["payments:read", "payments:read config:read"],
            "tenants": ["alpha-bank"],
            "near_days": [(now().date() + timedelta(days=days)).isoformat() for days in (0, 1, 30)],
            "problems": ["insufficient_funds", "same_account"],
            "cursors": [api.get(f"/{path}?limit=1").json()["nextCursor"] for path in _LISTS],
        },
        bindings=BINDINGS,
        basic=_credentials(),
    )


def _credentials() -> str:
    """Of a client that may have every scope of its tenant."""
    made = create_api_client(tenant="alpha-bank", name="Token tester", scopes=TENANT_SCOPES)
    return "Basic " + b64encode(f"{made.client_id}:{made.client_secret}".encode()).decode()


def _payment_types() -> Dictionaries:
    """Two that take payments, and drafts enough to be discarded and put in force; a code of the path is a draft more often than not."""
    make_payment_type()
    make_payment_type("DEMO_TRANSFER", processing_fee="1.00", max_amount="50000")
    make_payment_type("WATCHED_TRANSFER", approval_threshold="1")
    types: Values = ["INTERNAL_TRANSFER", "DEMO_TRANSFER"]
    drafts: Values = [make_payment_type(f"DRAFT_{number}", status="DRAFT").code for number in range(30)]
    return {"types": types, "codes": drafts + types * 10}


def _accounts() -> list[Account]:
    """Two in euro with an IBAN, the first of which pays the second; one without decimals and one with three."""
    in_euro = [make_account(funds_minor=90_000_000_000, iban=iban) for iban in IBANS[:2]]
    return [*in_euro, make_account("JPY", funds_minor=9_000_000), make_account("KWD", funds_minor=9_000_000)]


def _parties(api: Api, accounts: list[Account]) -> Dictionaries:
    """Whose accounts they are, and how a payment may name them; IBANs that are still free."""
    return {
        "accounts": [account.public_id for account in accounts],
        "parties": [*(account.public_id for account in accounts[:2]), *IBANS[:2]],
        "customers": [api.get(f"/accounts/{accounts[0].public_id}").json()["customerId"]],
        "ibans": list(IBANS[2:]),
    }


def _payments(api: Api, accounts: list[Account]) -> Dictionaries:
    return {
        "payments": [_pay(api, accounts[0], accounts[1]) for _ in range(60)],
        "currencies": ["EUR"],
        "amounts": ["0.01", "1.00", "25.50", "049999.99"],
    }


def _waiting_payments(api: Api, accounts: list[Account]) -> Dictionaries:
    """Each is approved, rejected or cancelled once; enough for all three."""
    return {"waiting": [_pay(api, accounts[0], accounts[1], "WATCHED_TRANSFER") for _ in range(60)]}


def _features(api: Api) -> Dictionaries:
    return {"features": [_flag(api, f"feature-{number}") for number in range(40)]}


def _rate_limits(api: Api) -> Dictionaries:
    _rate_limit(api, "/api/v1/*")
    return {"endpoints": [_rate_limit(api, endpoint) for endpoint in ("/api/v1/nowhere", "/api/v1/nowhere/*")]}


def _settings(api: Api) -> Dictionaries:
    """And the changes of some that wait for approval."""
    return {
        "settings": [_setting(api, f"custom.setting-{number}") for number in range(5)],
        "changes": [_proposal(api, f"custom.proposal-{number}") for number in range(60)],
        "versions": [1, 2],
    }


def _calendars(api: Api) -> Dictionaries:
    """Days the tenant has closed and days it may change yet; instants before a holiday and at a change of clocks."""
    return {
        "calendars": ["TARGET2", "UK"],
        "own_calendars": [_own_calendar(api, "HOUSE")],
        "zones": ["Europe/Berlin", "America/New_York"],
        "days": [_closed_day(api, f"2026-06-{day:02}") for day in range(1, 31)],
        "new_days": [f"2027-03-{day:02}" for day in range(1, 31)],
        "instants": ["2026-04-02T15:00:01Z", "2027-03-28T00:59:59+01:00"],
    }


def _message(api: Api) -> str:
    """Of accounts of another bank: it is kept and reported on all the same."""
    headers = {"Authorization": f"Bearer {api.token}"}
    made = Client().post("/api/v1/iso20022/pain001", pain001(), content_type="application/xml", headers=headers).json()
    return str(made["messageId"])


def _flag(api: Api, key: str) -> str:
    made: str = api.post(f"/config/tenants/alpha-bank/features/{key}", {"enabled": True, "config": {"rolloutPercentage": 50}}).json()["key"]
    return made


def _rate_limit(api: Api, endpoint: str) -> str:
    """More than is sent here: made for everything, no limit that is made up later stops the requests, or only a few."""
    body = {"rateLimitPerMinute": 1_000_000, "burstCapacity": 10_000_000, "windowSizeSeconds": 60}
    made: str = api.send("PUT", f"/config/tenants/alpha-bank/rate-limits?endpoint={endpoint}", body).json()["endpoint"]
    return made


def _setting(api: Api, key: str) -> str:
    """With two versions that were in force."""
    for value in (1, 2):
        made: str = api.post("/config/tenants/alpha-bank/config", {"configKey": key, "configValue": value}).json()["configKey"]
    return made


def _proposal(api: Api, key: str) -> str:
    body = {"configKey": key, "configValue": 1, "requireApproval": True}
    made: str = api.post("/config/tenants/alpha-bank/config", body).json()["changeId"]
    return made


def _own_calendar(api: Api, code: str) -> str:
    made: str = api.send("PUT", f"/config/tenants/alpha-bank/calendars/{code}", {"name": "Ours", "base": "TARGET2"}).json()["code"]
    return made


def _closed_day(api: Api, day: str) -> str:
    made = api.post("/config/tenants/alpha-bank/calendars/TARGET2/days", {"date": day, "businessDay": False, "name": "Closed"}).json()
    return str(made["date"])


def _pay(api: Api, debtor: Account, creditor: Account, payment_type: str = "INTERNAL_TRANSFER") -> str:
    body = {
        "paymentType": payment_type,
        "debtorAccount": debtor.public_id,
        "creditorAccount": creditor.public_id,
        "amount": "500.00",
        "currency": "EUR",
    }
    made: str = api.post("/transactions", body).json()["transactionId"]
    return made
