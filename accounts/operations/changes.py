"""Changing an account as one step, by somebody who may have looked at an outdated copy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import Account
from accounts.operations.accounts import close_account, freeze_account, lock_account, rename_account, set_overdraft_limit, unfreeze_account

_TO_STATUS: Final[dict[str, Callable[..., Account]]] = {
    Account.Status.OPEN: unfreeze_account,
    Account.Status.FROZEN: freeze_account,
    Account.Status.CLOSED: close_account,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanges:
    """What to change; None leaves it as it is."""

    name: str | None = None
    overdraft_limit_minor: int | None = None
    status: str | None = None


@transaction.atomic
def change_account(*, account_id: UUID, changes: AccountChanges, precondition: Callable[[Account], None]) -> Account:
    """All of the changes or none. `precondition` sees the locked row and raises if the caller's copy of it is outdated.

    Raises AccountUnknown, AccountShared, AccountStaysClosed, OverdraftInUse, AccountNotEmpty.
    """
    account = lock_account(account_id)
    precondition(account)
    if changes.name is not None:
        account = rename_account(account_id=account_id, name=changes.name)
    if changes.overdraft_limit_minor is not None:
        account = set_overdraft_limit(account_id=account_id, overdraft_limit_minor=changes.overdraft_limit_minor)
    if changes.status is not None:
        account = _TO_STATUS[changes.status](account_id=account_id)
    account.refresh_from_db()
    return account
