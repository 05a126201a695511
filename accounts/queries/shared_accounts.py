"""The tenant's append-only accounts, to which everybody posts."""

from uuid import UUID

from accounts.models import Account


def shared_account_ids(role: str) -> dict[str, UUID]:
    """Open append-only accounts of a role, by currency."""
    rows = Account.objects.filter(role=role, append_only=True, status=Account.Status.OPEN).values_list("currency", "id")
    return dict(rows)
