"""Accounts with what their balances are now."""

from decimal import Decimal
from uuid import UUID

from django.db.models import Case, DecimalField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.errors import AccountUnknown
from accounts.models import Account, BalanceDelta
from accounts.rules import in_electronic_form
from tenants.context import current_tenant_id


def accounts_with_balances() -> QuerySet[Account]:
    """The tenant's accounts, each with what `booked_now_minor` needs; raises TenantRequired without a tenant."""
    return with_unfolded(Account.objects.filter(tenant_id=current_tenant_id()))


def with_unfolded(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Each with `unfolded_minor`, Σ of its balance deltas, which may be more than a bigint holds.

    Read in the same statement as the row, so that a fold in between can't be counted twice or not at all.
    """
    deltas = BalanceDelta.objects.filter(account_id=OuterRef("id")).order_by().values("account_id").annotate(total=Sum("amount_minor"))
    whole = DecimalField(max_digits=40, decimal_places=0)
    unfolded = Coalesce(Subquery(deltas.values("total"), output_field=whole), Value(Decimal(0)))
    return accounts.annotate(unfolded_minor=Case(When(append_only=True, then=unfolded), default=Value(Decimal(0)), output_field=whole))


def account_with_balances(account_id: UUID) -> Account:
    account = accounts_with_balances().filter(id=account_id).first()
    if account is None:
        raise AccountUnknown("there is no such account")
    return account


def find_account(reference: UUID | str) -> Account | None:
    """By its id, its number or its IBAN (spaces allowed); None for what the tenant does not have."""
    accounts = Account.objects.filter(tenant_id=current_tenant_id())
    if isinstance(reference, UUID):
        return accounts.filter(id=reference).first()
    iban = in_electronic_form(reference)
    return accounts.filter(iban=iban).first() or accounts.filter(number=reference.strip()).first()


def booked_now_minor(account: Account) -> int:
    """The booked balance with the deltas no fold has moved yet (an account that is not append-only has none)."""
    return account.booked_minor + int(getattr(account, "unfolded_minor", 0))
