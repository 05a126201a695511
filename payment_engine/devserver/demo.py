"""Demo data: three tenants with customers, funded accounts, payment types, API clients and people. Never made by migrations."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from stdnum import iban as iban_numbers

from accounts.models import Account, Customer
from accounts.operations.accounts import open_account
from accounts.operations.journals import post_opening_balance
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import save_rate_limit
from config_mgmt.operations.tenants import take_on_tenant
from config_mgmt.queries.versions import active_version
from config_mgmt.rate_limits.endpoints import EVERY_ENDPOINT
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.tenant_orders import TenantOrder
from config_mgmt.values import Actor
from payment_engine.api.scopes import PLATFORM_ADMIN, SCOPES
from payment_engine.errors import Conflict, Malformed
from payment_engine.places import check_place
from payments.models import PaymentType
from tenants.context import tenant_scope
from tenants.database.statistics import refresh_statistics
from tenants.models import ApiClient, StaffUser, Tenant
from tenants.operations.clients import ClientCredentials, create_api_client, renew_client_secret
from tenants.operations.keys import ensure_signing_key
from tenants.operations.staff import create_staff_user
from tenants.scopes import TENANT_SCOPES

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8000"
_APPROVER_SCOPES: Final = ("payments:read", "payments:approve", "accounts:read", "config:read", "config:write")
_EVERYTHING: Final = {"iso20022": True, "bulkProcessing": True, "advancedMonitoring": True}
_TENANTS: Final = (  # the first two as the deployment guide asks for them
    TenantOrder(slug="default", name="Default Tenant", tier=Tenant.Tier.ENTERPRISE, features=_EVERYTHING),
    TenantOrder(slug="demo-bank", name="Demo Bank", features={"iso20022": True, "bulkProcessing": False, "advancedMonitoring": False}),
    TenantOrder(slug="acme-bank", name="Acme Bank", tier=Tenant.Tier.ENTERPRISE, isolation="schema", features=_EVERYTHING),
)
_PLATFORM_USERNAME: Final = "platform"
_ACTOR: Final = Actor(name="demo data", person="demo data")
# name of the customer, then (name of the account, currency, funds in minor units)
_CUSTOMERS: Final = (
    ("Ada Lovelace", (("Current account", "EUR", 500_000_000), ("Dollar account", "USD", 250_000_000))),
    ("Blaise Pascal", (("Current account", "EUR", 25_000_000), ("Yen account", "JPY", 90_000_000))),
    (
        "Grace Hopper Ltd",
        (("Operating account", "EUR", 1_000_000_000), ("Dollar account", "USD", 100_000_000), ("Sterling account", "GBP", 75_000_000)),
    ),
    ("Kurt Goedel", (("Dinar account", "KWD", 50_000_000), ("Franc account", "CHF", 30_000_000), ("Savings", "EUR", 1_000))),
)


@dataclass(kw_only=True)
class DemoTenant:
    clientId: str  # noqa: N815  # the file's own names
    clientSecret: str  # noqa: N815
    approverClientId: str  # noqa: N815
    approverClientSecret: str  # noqa: N815
    adminUsername: str  # noqa: N815
    adminPassword: str  # noqa: N815
    accounts: list[dict[str, str | None]] = field(default_factory=list)


def seed_demo(*, output: Path, base_url: str | None, reset_secrets: bool) -> None:
    """Make what is missing and (re)write the file that leads a script to it, mode 0600. A second run keeps address, data and secrets.

    Raises Conflict, before anything is made, when people exist whose secrets the file does not have and none may be reset.
    """
    kept = _kept(output)
    if not reset_secrets:
        _check_secrets(output, kept)
    ensure_signing_key()
    tenants: dict[str, dict[str, Any]] = {}
    for order in _TENANTS:
        slug = order.slug
        if not Tenant.objects.filter(slug=slug).exists():
            take_on_tenant(order=order, actor=_ACTOR)
        tenant = Tenant.objects.select_related("placement").get(slug=slug)
        with tenant_scope(tenant):
            _payment_types()
            _rate_limits()
            accounts = _accounts(slug)
        access = kept.get("tenants", {}).get(slug) or asdict(_access(tenant))
        tenants[slug] = {**access, "accounts": accounts}
    refresh_statistics()
    address = base_url or kept.get("baseUrl") or DEFAULT_BASE_URL
    _write(output, {"baseUrl": address, "platform": kept.get("platform") or _platform(), "tenants": tenants})


def _kept(output: Path) -> dict[str, Any]:
    """What an earlier run wrote. Raises Malformed for a place that can't be written, or that has another file."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        check_place(output)
        document = json.loads(output.read_bytes()) if output.exists() else {"tenants": {}}
    except OSError as error:
        raise Malformed(f"{output} can't be written: {error.strerror}") from None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("tenants"), dict):
        raise Malformed(f"{output} is there and is not a file of this command: name another")
    return document


def _check_secrets(output: Path, kept: dict[str, Any]) -> None:
    without = {_operator_of(order.slug) for order in _TENANTS if not kept["tenants"].get(order.slug)}
    if not kept.get("platform"):
        without.add(_PLATFORM_USERNAME)
    there = StaffUser.objects.filter(username__in=without).order_by("username").values_list("username", flat=True)
    if names := ", ".join(there):
        raise Conflict(
            f"{output} does not have the secrets of {names}, who can sign in already: name the file that has them with --output,"
            " or give them new ones with --reset-secrets"
        )


def _operator_of(slug: str) -> str:
    return f"{slug}-operator"


def _write(output: Path, document: dict[str, Any]) -> None:
    scratch = output.with_suffix(".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    scratch.replace(output)


def _platform() -> dict[str, str]:
    scopes = [PLATFORM_ADMIN, *sorted(set(SCOPES) - {PLATFORM_ADMIN})]
    credentials = _client(tenant=None, name="Demo platform", scopes=scopes, person="platform-integrator")
    password = secrets.token_urlsafe(12)
    create_staff_user(username=_PLATFORM_USERNAME, password=password, tenant=None, reset_password=True)
    return {
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "adminUsername": _PLATFORM_USERNAME,
        "adminPassword": password,
    }


def _access(tenant: Tenant) -> DemoTenant:
    slug, name = tenant.slug, tenant.name
    client = _client(tenant=slug, name=f"{name} integration", scopes=sorted(TENANT_SCOPES), person=f"{slug}-integrator")
    approver = _client(tenant=slug, name=f"{name} approver", scopes=_APPROVER_SCOPES, person=f"{slug}-approver")
    username, password = _operator_of(slug), secrets.token_urlsafe(12)
    create_staff_user(username=username, password=password, tenant=tenant, reset_password=True)
    return DemoTenant(
        clientId=client.client_id,
        clientSecret=client.client_secret,
        approverClientId=approver.client_id,
        approverClientSecret=approver.client_secret,
        adminUsername=username,
        adminPassword=password,
    )


def _client(*, tenant: str | None, name: str, scopes: Sequence[str], person: str) -> ClientCredentials:
    """A new secret for the one an earlier run made."""
    made = ApiClient.objects.filter(tenant=tenant, name=name, person=person).order_by("pk").first()
    if made is not None:
        return renew_client_secret(client_id=made.client_id)
    return create_api_client(tenant=tenant, name=name, scopes=scopes, person=person)


def _payment_types() -> None:
    demo: dict[str, dict[str, Any]] = {
        "INTERNAL_TRANSFER": {"name": "Internal transfer", "description": "Between accounts of this bank, free of charge"},
        "DEMO_TRANSFER": {
            "name": "Demo Transfer",  # the very terms of the deployment guide's command
            "description": "Demo bank specific transfer",
            "max_amount": Decimal("50000.00"),
            "processing_fee": Decimal("1.00"),
        },
        "APPROVED_TRANSFER": {
            "name": "Transfer with approval",
            "description": "From 10000.00 on another person approves it",
            "approval_threshold": Decimal("10000.00"),
        },
        "OUTGOING_TRANSFER": {
            "name": "Outgoing transfer",
            "description": "To an account at the bank next door: by instant payment, else by its ordinary clearing",
            "is_synchronous": False,
            "rail": "simulator_instant",
            "rail_fallbacks": ["simulator"],
            "retry_policy": {"maxAttempts": 2, "backoffSeconds": 5},
            "processing_fee": Decimal("0.35"),
        },
    }
    for code, terms in demo.items():
        if not PaymentType.objects.filter(code=code).exists():
            PaymentType.objects.create(code=code, **terms)


def _rate_limits() -> None:
    if active_version(ConfigVersion.Kind.RATE_LIMIT, EVERY_ENDPOINT) is None:
        generous = RateLimit(per_minute=60_000, burst=90_000)
        save_rate_limit(endpoint=EVERY_ENDPOINT, value=generous.as_value(), actor=_ACTOR)


def _accounts(slug: str) -> list[dict[str, str | None]]:
    if not Customer.objects.exists():
        bank = {"default": "10000000", "demo-bank": "20000000", "acme-bank": "30000000"}[slug]
        number = 0
        for customer_name, accounts in _CUSTOMERS:
            customer = Customer.objects.create(name=customer_name)
            for name, currency, funds_minor in accounts:
                number += 1
                account = open_account(
                    customer_id=customer.id, currency=currency, name=name, number=f"{number:010d}", iban=_german_iban(bank, number)
                )
                post_opening_balance(account_id=account.id, amount_minor=funds_minor, currency=currency, created_by="demo data")
    return [
        {"accountId": account.public_id, "iban": account.iban, "currency": account.currency, "name": account.name}
        for account in Account.objects.filter(role=Account.Role.CUSTOMER, number__lte="0000009999").order_by("number")
    ]


def _german_iban(bank: str, number: int) -> str:
    body = f"DE00{bank}{number:010d}"
    return str(iban_numbers.compact("DE" + iban_numbers.calc_check_digits(body) + body[4:]))
