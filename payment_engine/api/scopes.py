"""Every scope there is. Operations declare theirs from this table, clients are granted a part of it."""

from typing import Final

PLATFORM_ADMIN: Final = "platform:admin"
SCOPES: Final[dict[str, str]] = {
    "payments:read": "See payments, batches and schedules",
    "payments:write": "Make, cancel, capture and reverse payments",
    "payments:approve": "Approve or reject payments that others made",
    "accounts:read": "See customers, accounts, balances and statements",
    "accounts:write": "Open and change customers and accounts",
    "iso20022:read": "See messages, reports and statements",
    "iso20022:write": "Send messages",
    "config:read": "See the tenant's configuration",
    "config:write": "Change the tenant's configuration",
    "webhooks:read": "See webhook endpoints and deliveries",
    "webhooks:write": "Change webhook endpoints and replay deliveries",
    "audit:read": "See the audit trail",
    PLATFORM_ADMIN: "Manage tenants, and act for the tenant named in X-Tenant-ID",
}
