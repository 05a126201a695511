"""`python -m benchmarks.seed`: a tenant with funded accounts, a payment type with a fee and one without; prints JSON.

The accounts are opened through the product's own operations, in one tenant scope, as the application's login.
"""

import json
import sys

import django

ACCOUNTS = 1000
FUNDS_MINOR = 10**12
TENANT = "benchmark-bank"
_CHECK_DIGITS_BASE = 98


def iban(number: int) -> str:
    """A German IBAN of the fictional bank 10000000 with right check digits (ISO 13616: mod 97 with DE as 1314)."""
    account = f"10000000{number:010d}"
    return f"DE{_CHECK_DIGITS_BASE - int(account + '131400') % 97:02d}{account}"


def seed() -> dict[str, object]:
    from accounts.models import Account, Customer
    from accounts.operations.accounts import open_account
    from accounts.operations.journals import post_opening_balance
    from payments.models import PaymentType
    from tenants.context import tenant_scope
    from tenants.operations.onboarding import create_tenant
    from tenants.registry import tenant_by_slug

    create_tenant(slug=TENANT, name="Benchmark Bank")
    with tenant_scope(tenant_by_slug(TENANT)):
        PaymentType.objects.create(code="BENCHMARK_TRANSFER", name="Transfer with a fee", max_amount="50000", processing_fee="1.00")
        PaymentType.objects.create(code="INTERNAL_TRANSFER", name="Transfer")
        customer = Customer.objects.create(name="Benchmark Customer")
        accounts: list[Account] = []
        for number in range(ACCOUNTS + 1):
            account = open_account(customer_id=customer.id, currency="EUR", name="Current account", iban=iban(number))
            post_opening_balance(account_id=account.id, amount_minor=FUNDS_MINOR, currency="EUR")
            accounts.append(account)
    hot, *spread = accounts
    return {
        "tenant": TENANT,
        "hot": {"id": str(hot.id), "iban": hot.iban},
        "spread": [{"id": str(account.id), "iban": account.iban} for account in spread],
    }


if __name__ == "__main__":
    django.setup()
    json.dump(seed(), sys.stdout)
