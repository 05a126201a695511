"""Examples of the published document: a tenant, its settings, feature flags and rate limits."""

from typing import Final

from payment_engine.api.json import JsonObject

_CHANGED: Final[JsonObject] = {"changedBy": "cli_backoffice", "changedAt": "2026-01-15T09:00:00Z"}
NEW_TENANT: Final[JsonObject] = {
    "tenantId": "demo-bank",
    "tenantName": "Demo Bank",
    "tenantType": "BANK",
    "subscriptionTier": "PREMIUM",
    "profile": {"country": "DE", "timeZone": "Europe/Berlin", "currency": "EUR"},
    "configuration": {"features": {"instant-payments": True}},
}
TENANT: Final[JsonObject] = {
    "tenantId": "demo-bank",
    "reference": "TIDLT-100008",
    "tenantName": "Demo Bank",
    "tenantType": "BANK",
    "subscriptionTier": "PREMIUM",
    "status": "ACTIVE",
    "isolation": "shared",
    "profile": {
        "environment": "PRODUCTION",
        "companyName": None,
        "address": None,
        "city": None,
        "state": None,
        "country": "DE",
        "timeZone": "Europe/Berlin",
        "currency": "EUR",
        "region": None,
    },
    "configuration": {"features": {"instant-payments": True}},
    "createdAt": "2026-01-10T08:00:00Z",
}
TENANT_CHANGE: Final[JsonObject] = {"status": "SUSPENDED", "reason": "Contract ended"}
CHANGED_TENANT: Final[JsonObject] = {**TENANT, "status": "SUSPENDED"}
NEW_SETTING: Final[JsonObject] = {
    "configKey": "payment.max_daily_limit",
    "configValue": "100000.00",
    "environment": "production",
    "reason": "Asked for by the risk department",
}
SETTING: Final[JsonObject] = {
    "configKey": "payment.max_daily_limit",
    "configValue": "100000.00",
    "environment": "production",
    "source": "TENANT",
    "version": 1,
    "type": "decimal",
    "description": "The most one debtor account may pay in one currency and UTC day over all payment types; no value is no cap.",
    "allowed": "payment.max_daily_limit is a plain decimal number from 0.0001 to 99,999,999,999,999.9999 "
    'with at most 4 digits after the point, such as "100000.00"',
    "changeableBy": "TENANT",
    "needsApproval": False,
    **_CHANGED,
    "reason": "Asked for by the risk department",
}
SETTING_CHANGE: Final[JsonObject] = {
    "tenantId": "demo-bank",
    "changeId": "cfg_0198c0de471170008000000000000006",
    **NEW_SETTING,
    "version": 1,
    "status": "ACTIVE",
    **_CHANGED,
    "activateAt": None,
    "rollbackOf": None,
}
WAITING_SETTING_CHANGE: Final[JsonObject] = {**SETTING_CHANGE, "version": 2, "status": "PROPOSED"}
NEW_FEATURE: Final[JsonObject] = {"enabled": True, "config": {"rolloutPercentage": 25}, "reason": "A quarter first"}
FEATURE: Final[JsonObject] = {"key": "instant-payments", "enabled": True, "config": {"rolloutPercentage": 25}, "version": 1}
ASKED_FEATURE: Final[JsonObject] = {**FEATURE, "active": True, "variant": None}
RATE_LIMIT: Final[JsonObject] = {
    "endpoint": "/api/v1/transactions",
    "rateLimitPerMinute": 1000,
    "burstCapacity": 1500,
    "windowSizeSeconds": 60,
    "origin": "TENANT",
    "pattern": "/api/v1/transactions",
    "version": 1,
}
NEW_RATE_LIMIT: Final[JsonObject] = {"rateLimitPerMinute": 1000, "burstCapacity": 1500, "windowSizeSeconds": 60}
