"""Opening the tenant's own accounts: fee income, suspense, clearing, settlement, opening balances."""

from typing import Final
from uuid import UUID

from accounts.models import Account
from accounts.queries.shared_accounts import shared_account_ids
from payment_engine.money import exponent

_TYPES: Final = {
    Account.Role.FEE: Account.Type.INCOME,
    Account.Role.SUSPENSE: Account.Type.LIABILITY,
    Account.Role.CLEARING: Account.Type.LIABILITY,
    Account.Role.SETTLEMENT: Account.Type.ASSET,
    Account.Role.NOSTRO: Account.Type.ASSET,
    Account.Role.EQUITY: Account.Type.EQUITY,
}


def ensure_shared_account(*, role: str, currency: str) -> UUID:
    """The id of the tenant's append-only account of this role and currency, opened if there is none. Safe to race."""
    exponent(currency)  # raises CurrencyUnknown
    known = shared_account_ids(role)
    if currency in known:
        return known[currency]
    account_role = Account.Role(role)
    Account.objects.bulk_create(
        [
            Account(
                number=f"{role}-{currency}",
                name=f"{account_role.label} {currency}",
                currency=currency,
                type=_TYPES[account_role],
                role=account_role,
                append_only=True,
            )
        ],
        ignore_conflicts=True,
    )
    return shared_account_ids(role)[currency]
