"""Journals that people post: opening balances and manual entries."""

from uuid import UUID

from django.db import IntegrityError

from accounts.errors import (
    AccountClosed,
    AccountFrozen,
    AccountFull,
    AccountUnknown,
    CurrencyMismatch,
    InsufficientFunds,
    JournalExists,
    SameAccount,
)
from accounts.ledger.drafts import JournalDraft, Leg, LockedAccount
from accounts.ledger.journal import post_journals
from accounts.ledger.locks import LockedAccounts, PendingLocks
from accounts.models import Journal
from accounts.operations.shared_accounts import ensure_shared_account
from payment_engine.errors import ValidationFailed
from payment_engine.ids import new_id
from tenants.database.pipeline import pipelined_transaction


def post_opening_balance(
    *, account_id: UUID, amount_minor: int, currency: str, created_by: str = "", journal_id: UUID | None = None
) -> UUID:
    """Bring an account's balance in from outside: equity → account. Returns the journal's id.

    With `journal_id`, an id the caller made, a second call is refused (JournalExists): a form sent twice posts once.
    """
    equity = ensure_shared_account(role="EQUITY", currency=currency)
    return _post(
        kind=Journal.Kind.OPENING,
        debit_account_id=equity,
        credit_account_id=account_id,
        amount_minor=amount_minor,
        currency=currency,
        description="Opening balance",
        created_by=created_by,
        journal_id=journal_id,
    )


def post_manual_journal(
    *,
    debit_account_id: UUID,
    credit_account_id: UUID,
    amount_minor: int,
    currency: str,
    description: str,
    created_by: str,
    journal_id: UUID | None = None,
) -> UUID:
    """Move an amount from one account to another by hand. Locks both; the debited one needs the funds.

    Raises AccountUnknown, AccountClosed, AccountFrozen, CurrencyMismatch, SameAccount, InsufficientFunds, and JournalExists when the
    caller's own `journal_id` was posted before.
    """
    return _post(
        kind=Journal.Kind.MANUAL,
        debit_account_id=debit_account_id,
        credit_account_id=credit_account_id,
        amount_minor=amount_minor,
        currency=currency,
        description=description,
        created_by=created_by,
        journal_id=journal_id,
    )


def _post(
    *,
    kind: str,
    debit_account_id: UUID,
    credit_account_id: UUID,
    amount_minor: int,
    currency: str,
    description: str,
    created_by: str,
    journal_id: UUID | None,
) -> UUID:
    if debit_account_id == credit_account_id:
        raise SameAccount("debit and credit are the same account")
    if amount_minor <= 0:
        raise ValidationFailed("an amount is greater than zero")
    posted_id = journal_id or new_id()
    try:
        with pipelined_transaction() as transaction:
            accounts = PendingLocks(transaction, {debit_account_id, credit_account_id}).fetch()
            debit, credit = (_usable(accounts, account_id, currency) for account_id in (debit_account_id, credit_account_id))
            if not debit.append_only and debit.available_minor < amount_minor:
                raise InsufficientFunds("the debited account has not enough available funds")
            if not credit.append_only and not credit.has_room_for(amount_minor):
                raise AccountFull("the credited account can't hold that much")
            draft = JournalDraft(
                id=posted_id,
                kind=kind,
                value_date=accounts.locked_at.date(),
                legs=legs(debit_account_id, credit_account_id, amount_minor, currency),
                description=description,
                created_by=created_by,
            )
            post_journals(transaction, [draft], accounts)
    except IntegrityError as error:
        if journal_id is not None and "journals_pkey" in str(error):
            raise JournalExists("this journal is posted already") from error
        raise
    return posted_id


def legs(debit_account_id: UUID, credit_account_id: UUID, amount_minor: int, currency: str) -> tuple[Leg, Leg]:
    return (
        Leg(account_id=debit_account_id, amount_minor=-amount_minor, currency=currency),
        Leg(account_id=credit_account_id, amount_minor=amount_minor, currency=currency),
    )


def _usable(accounts: LockedAccounts, account_id: UUID, currency: str) -> LockedAccount:
    account = accounts.find(account_id)
    if account is None:
        raise AccountUnknown("there is no such account")
    if account.status == "CLOSED":
        raise AccountClosed("this account is closed")
    if account.status == "FROZEN":
        raise AccountFrozen("this account is frozen: unfreeze it first")
    if account.currency != currency:
        raise CurrencyMismatch(f"the account is in {account.currency}, the journal in {currency}")
    return account
