"""Examples of the published document: a customer and their account."""

from typing import Final

from payment_engine.api.json import JsonObject

CUSTOMER_ID: Final = "cus_0198c0de471170008000000000000001"
ACCOUNT_ID: Final = "acc_0198c0de471170008000000000000002"
NEW_CUSTOMER: Final[JsonObject] = {"name": "Ada Lovelace", "reference": "C-10042", "email": "ada@example.com"}
CUSTOMER: Final[JsonObject] = {"customerId": CUSTOMER_ID, **NEW_CUSTOMER, "createdAt": "2026-01-15T09:30:00Z"}
CUSTOMER_CHANGE: Final[JsonObject] = {"email": "ada.lovelace@example.com"}
CHANGED_CUSTOMER: Final[JsonObject] = {**CUSTOMER, **CUSTOMER_CHANGE}
NEW_ACCOUNT: Final[JsonObject] = {
    "customerId": CUSTOMER_ID,
    "name": "Ada's current account",
    "currency": "EUR",
    "iban": "DE89370400440532013000",
    "overdraftLimit": "500.00",
}
ACCOUNT: Final[JsonObject] = {
    "accountId": ACCOUNT_ID,
    **NEW_ACCOUNT,
    "accountNumber": "1000000042",
    "type": "LIABILITY",
    "role": "CUSTOMER",
    "status": "OPEN",
    "balance": {"booked": "0.00", "held": "0.00", "available": "500.00"},
    "createdAt": "2026-01-15T09:31:00Z",
    "closedAt": None,
}
ACCOUNT_CHANGE: Final[JsonObject] = {"name": "Household", "overdraftLimit": "750.00"}
CHANGED_ACCOUNT: Final[JsonObject] = {**ACCOUNT, **ACCOUNT_CHANGE, "balance": {"booked": "0.00", "held": "0.00", "available": "750.00"}}
BALANCE: Final[JsonObject] = {
    "accountId": ACCOUNT_ID,
    "currency": "EUR",
    "asOf": "2026-01-15T10:00:00Z",
    "booked": "1474.00",
    "held": "0.00",
    "available": "1974.00",
}
