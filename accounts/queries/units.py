"""Customers and accounts as what features roll out by, with the ids and attributes the API writes."""

from accounts.models import Account, Customer
from config_mgmt.flags.units import Unit
from payment_engine.ids import public_id
from tenants.context import current_tenant_id


def customers_as_units(most: int) -> list[Unit]:
    rows = Customer.objects.filter(tenant_id=current_tenant_id()).order_by("-created_at", "-id")
    ids = (public_id("cus", key) for key in rows.values_list("id", flat=True)[:most])
    return [Unit(id=customer, attributes={"customer": customer}) for customer in ids]


def accounts_as_units(most: int) -> list[Unit]:
    """Accounts of customers; those of the bank itself take part in no roll-out."""
    rows = Account.objects.filter(tenant_id=current_tenant_id(), customer__isnull=False).order_by("-created_at", "-id")
    pairs = rows.values_list("id", "customer_id")[:most]
    return [_account(public_id("acc", account), public_id("cus", customer)) for account, customer in pairs]


def _account(account: str, customer: str) -> Unit:
    return Unit(id=account, attributes={"account": account, "customer": customer})
