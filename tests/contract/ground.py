"""What the generated requests find: a tenant with customers, funded accounts and payments, and the values that lead to them."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from tests.api import Api
from tests.factories import make_account, make_payment_type

IBANS = ("DE89370400440532013000", "FR1420041010050500013M02606", "GB29NWBK60161331926819", "NL91ABNA0417164300")
Values = list[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Known values, by the name of a dictionary of Schemathesis."""

    dictionaries: dict[str, Values]
    bindings: dict[str, str]

    def configuration(self, probability: float) -> dict[str, Any]:
        """Where a name of the document takes known values, and how often; other draws stay random."""
        return {
            "dictionaries": {name: {"values": values} for name, values in self.dictionaries.items()},
            "parameters": {key: {"dictionary": name, "probability": probability} for key, name in self.bindings.items()},
        }


def prepare_ground(api: Api) -> Ground:
    """Inside the scope of the client's tenant."""
    make_payment_type()
    make_payment_type("DEMO_TRANSFER", processing_fee="1.00", max_amount="50000")
    accounts = [make_account(funds_minor=90_000_000_000, iban=iban) for iban in IBANS[:2]]
    accounts += [make_account("JPY", funds_minor=9_000_000), make_account("KWD", funds_minor=9_000_000)]
    payments = [_pay(api, accounts[0], accounts[1]) for _ in range(60)]
    cursors: Values = [api.get(f"/{path}?limit=1").json()["nextCursor"] for path in ("transactions", "accounts", "customers")]
    return Ground(
        dictionaries={
            "accounts": [account.public_id for account in accounts],
            "parties": [*(account.public_id for account in accounts[:2]), *IBANS[:2]],
            "customers": [api.get(f"/accounts/{accounts[0].public_id}").json()["customerId"]],
            "payments": list(payments),
            "types": ["INTERNAL_TRANSFER", "DEMO_TRANSFER"],
            "currencies": ["EUR"],
            "amounts": ["0.01", "1.00", "25.50", "049999.99"],
            "ibans": list(IBANS[2:]),
            "cursors": cursors,
            "tenants": ["alpha-bank"],
        },
        bindings={
            "path.accountId": "accounts",
            "path.customerId": "customers",
            "path.transactionId": "payments",
            "query.cursor": "cursors",
            "query.customerId": "customers",
            "query.debtorAccount": "accounts",
            "query.paymentType": "types",
            "header.X-Tenant-ID": "tenants",
            "body.customerId": "customers",
            "body.iban": "ibans",
            "body.paymentType": "types",
            "body.debtorAccount": "parties",
            "body.creditorAccount": "parties",
            "body.amount": "amounts",
            "body.currency": "currencies",
        },
    )


def _pay(api: Api, debtor: Account, creditor: Account) -> str:
    body = {
        "paymentType": "INTERNAL_TRANSFER",
        "debtorAccount": debtor.public_id,
        "creditorAccount": creditor.public_id,
        "amount": "500.00",
        "currency": "EUR",
    }
    made: str = api.post("/transactions", body).json()["transactionId"]
    return made
