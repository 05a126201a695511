"""Examples of the published document: a payment, what becomes of it, and the type it is of."""

from typing import Final

from payment_engine.api.json import JsonObject

TRANSACTION_ID: Final = "pay_0198c0de471170008000000000000003"
NEW_TRANSACTION: Final[JsonObject] = {
    "paymentType": "DEMO_TRANSFER",
    "debtorAccount": "acc_0198c0de471170008000000000000002",
    "creditorAccount": "DE37200000000000000003",
    "amount": "25.00",
    "currency": "EUR",
    "reference": "INV-1",
    "endToEndId": "E2E-1",
    "remittanceInformation": "Invoice 1 of January",
    "metadata": {"orderId": "7"},
}
_PAYMENT: Final[JsonObject] = {
    "transactionId": TRANSACTION_ID,
    "status": "COMPLETED",
    "isoStatus": "ACSC",
    **NEW_TRANSACTION,
    "creditorAccount": "acc_0198c0de471170008000000000000004",
    "fee": "1.00",
    "paymentTypeVersion": 3,
    "configVersion": 17,
    "uetr": "eb6305c9-1f7f-49de-aed0-16487c27b42d",
    "valueDate": "2026-01-15",
    "createdAt": "2026-01-15T10:00:00Z",
    "completedAt": "2026-01-15T10:00:00Z",
    "reversedAmount": "0.00",
    "requestedExecutionDate": None,
}
TRANSACTION: Final[JsonObject] = {**_PAYMENT, "debtorBalance": {"booked": "1474.00", "available": "1974.00"}}
WAITING_TRANSACTION: Final[JsonObject] = {
    **TRANSACTION,
    "status": "PENDING_APPROVAL",
    "isoStatus": "PATC",
    "completedAt": None,
    "rail": "internal",
    "debtorBalance": {"booked": "1500.00", "available": "2000.00"},
}
READ_TRANSACTION: Final = _PAYMENT
REVERSAL: Final[JsonObject] = {"amount": "10.00", "reason": "One of two items was sent back"}
REVERSED_TRANSACTION: Final[JsonObject] = {
    **_PAYMENT,
    "reversedAmount": "10.00",
    "reversal": {"reversalId": "rev_0198c0de471170008000000000000005", **REVERSAL, "createdAt": "2026-01-20T08:00:00Z"},
}
APPROVAL: Final[JsonObject] = {"reason": "Invoice was checked"}
REJECTION: Final[JsonObject] = {"reason": "The invoice was paid before"}
CANCELLATION: Final[JsonObject] = {"reason": "Ordered twice"}
_ASKED: Final[JsonObject] = {"requestedBy": "cli_shop", "requestedAt": "2026-01-15T10:00:00Z", "decidedAt": "2026-01-15T11:00:00Z"}
APPROVED_TRANSACTION: Final[JsonObject] = {
    **_PAYMENT,
    "completedAt": "2026-01-15T11:00:00Z",
    "rail": "internal",
    "approval": {"status": "APPROVED", **_ASKED, "decidedBy": "cli_backoffice", **APPROVAL},
}
REJECTED_TRANSACTION: Final[JsonObject] = {
    **_PAYMENT,
    "status": "REJECTED",
    "isoStatus": "RJCT",
    "reasonCode": "approval_refused",
    **REJECTION,
    "completedAt": None,
    "rail": "internal",
    "approval": {"status": "REFUSED", **_ASKED, "decidedBy": "cli_backoffice", **REJECTION},
}
CANCELLED_TRANSACTION: Final[JsonObject] = {
    **_PAYMENT,
    "status": "CANCELLED",
    "isoStatus": "CANC",
    "reasonCode": "cancelled",
    **CANCELLATION,
    "completedAt": None,
    "rail": "internal",
    "approval": {"status": "WITHDRAWN", **_ASKED, "decidedBy": "cli_shop", **CANCELLATION},
}
NEW_PAYMENT_TYPE: Final[JsonObject] = {
    "code": "DEMO_TRANSFER",
    "name": "Transfer within the bank",
    "description": "Booked at once, for a fee",
    "isSynchronous": True,
    "currencies": ["EUR", "USD"],
    "minAmount": "0.01",
    "maxAmount": "50000.00",
    "dailyLimit": "100000.00",
    "processingFee": "1.00",
    "cutOffTime": "17:00",
    "timeZone": "Europe/Berlin",
    "calendar": "TARGET2",
    "approvalThreshold": "10000.00",
}
PAYMENT_TYPE: Final[JsonObject] = {
    **NEW_PAYMENT_TYPE,
    "version": 1,
    "status": "ACTIVE",
    "velocityLimits": [],
    "feeSchedule": None,
    "rail": "internal",
    "railFallbacks": [],
    "retryPolicy": None,
    "notes": [],
    "reason": "",
    "rollbackOf": None,
    "createdBy": "cli_backoffice",
    "createdAt": "2026-01-10T08:00:00Z",
    "activateAt": None,
    "activatedBy": "cli_backoffice",
    "activatedAt": "2026-01-10T08:00:00Z",
    "retiredBy": None,
    "retiredAt": None,
    "retireReason": None,
    "correlationId": "0198c0de-4711-7000-8000-000000000001",
}
PAYMENT_TYPE_CHANGE: Final[JsonObject] = {**NEW_PAYMENT_TYPE, "processingFee": "1.50", "reason": "Prices of 2026"}
CHANGED_PAYMENT_TYPE: Final[JsonObject] = {**PAYMENT_TYPE, **PAYMENT_TYPE_CHANGE, "version": 2}
VALUE_DATE: Final[JsonObject] = {
    "paymentType": "DEMO_TRANSFER",
    "receivedAt": "2026-04-02T15:00:01Z",
    "localTime": "2026-04-02T17:00:01+02:00",
    "timeZone": "Europe/Berlin",
    "cutOff": "17:00",
    "calendar": "TARGET2",
    "valueDate": "2026-04-07",
    "businessDay": True,
    "reasons": [
        {
            "code": "RECEIVED_AFTER_CUT_OFF",
            "date": "2026-04-02",
            "text": "Received on Thursday 2026-04-02 at 17:00:01 Europe/Berlin, not before the cut-off at 17:00: "
            "it is a payment of the next day.",
        },
        {"code": "HOLIDAY", "date": "2026-04-03", "text": "Friday 2026-04-03 is a holiday in TARGET2: Good Friday."},
    ],
}
