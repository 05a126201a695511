"""`python -m benchmarks.seed`: migrations, then a tenant with funded accounts and payment types, an access token; prints JSON.

Everything goes through the product's own operations.
"""

import json
import sys

import django
from django.core.management import call_command

ACCOUNTS = 1000
FUNDS_MINOR = 10**12
TENANT = "benchmark-bank"
_SCOPES = ("payments:write", "payments:read", "accounts:read", "iso20022:write", "iso20022:read")
_TOKEN_SECONDS = 24 * 3600


def iban(number: int) -> str:
    """A German IBAN of the fictional bank 10000000 with right check digits (ISO 13616: mod 97 with DE as 1314)."""
    account = f"10000000{number:010d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def seed() -> dict[str, object]:
    """The bank: its tenant, a token for the web, one account that every creditor may be, and those payments are spread over."""
    from tenants.database.statistics import refresh_statistics
    from tenants.operations.clients import create_api_client
    from tenants.tokens import issue_access_token

    hot, *spread = _bank()
    client = create_api_client(tenant=TENANT, name="benchmark", scopes=_SCOPES)
    refresh_statistics()
    token = issue_access_token(client_id=client.client_id, tenant=TENANT, scopes=_SCOPES, lifetime_seconds=_TOKEN_SECONDS)
    return {"tenant": TENANT, "token": token, "hot": hot, "spread": spread}


def _bank() -> list[dict[str, str]]:
    from config_mgmt.operations.rate_limits import save_rate_limit
    from config_mgmt.rate_limits.limits import LARGEST_BURST, MOST_PER_MINUTE, RateLimit
    from config_mgmt.values import Actor
    from payments.models import PaymentType
    from tenants.context import tenant_scope
    from tenants.operations.onboarding import create_tenant
    from tenants.registry import tenant_by_slug

    create_tenant(slug=TENANT, name="Benchmark Bank")
    with tenant_scope(tenant_by_slug(TENANT)):
        PaymentType.objects.create(code="BENCHMARK_TRANSFER", name="Transfer with a fee", max_amount="50000", processing_fee="1.00")
        PaymentType.objects.create(code="INTERNAL_TRANSFER", name="Transfer")
        unlimited = RateLimit(per_minute=MOST_PER_MINUTE, burst=LARGEST_BURST)  # counted like any other
        save_rate_limit(endpoint="*", value=unlimited.as_value(), actor=Actor(name="benchmark", person="benchmark"))
        return _accounts()


def _accounts() -> list[dict[str, str]]:
    from accounts.models import Customer
    from accounts.operations.accounts import open_account
    from accounts.operations.journals import post_opening_balance

    customer = Customer.objects.create(name="Benchmark Customer")
    accounts = []
    for number in range(ACCOUNTS + 1):
        account = open_account(customer_id=customer.id, currency="EUR", name="Current account", iban=iban(number))
        post_opening_balance(account_id=account.id, amount_minor=FUNDS_MINOR, currency="EUR")
        accounts.append({"id": account.public_id, "iban": iban(number)})
    return accounts


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    json.dump(seed(), sys.stdout)
