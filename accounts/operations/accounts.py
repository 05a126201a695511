"""Opening, freezing and closing accounts."""

import secrets
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import (
    AccountExists,
    AccountNotEmpty,
    AccountShared,
    AccountStaysClosed,
    AccountUnknown,
    CustomerUnknown,
    OverdraftInUse,
)
from accounts.models import Account, Customer
from accounts.rules import check_iban, check_number, check_text, in_electronic_form
from payment_engine.clock import now
from payment_engine.errors import FieldError
from payment_engine.money import exponent


def open_account(
    *,
    customer_id: UUID,
    currency: str,
    name: str,
    iban: str | None = None,
    number: str | None = None,
    type: str = Account.Type.LIABILITY,  # noqa: A002  # the accounting word
    overdraft_limit_minor: int = 0,
) -> Account:
    """Open a customer account with zero balance. Raises CurrencyUnknown, CustomerUnknown, ValidationFailed, AccountExists."""
    exponent(currency)
    if not Customer.objects.filter(id=customer_id).exists():
        detail = "there is no such customer"
        raise CustomerUnknown(detail, errors=[FieldError(pointer="/customerId", code="not_found", detail=detail)])
    check_text(name, "/name")
    if iban is not None:
        iban = in_electronic_form(iban)
        check_iban(iban, "/iban")
    if number is not None:
        check_number(number, "/accountNumber")
    try:
        with transaction.atomic():
            account: Account = Account.objects.create(
                customer_id=customer_id,
                currency=currency,
                name=name,
                iban=iban,
                number=number or _new_number(),
                type=type,
                overdraft_limit_minor=overdraft_limit_minor,
            )
    except IntegrityError as error:
        pointer = "/iban" if "account_iban_unique_per_tenant" in str(error) else "/accountNumber"
        detail = "an account with this number or IBAN exists already"
        raise AccountExists(detail, errors=[FieldError(pointer=pointer, code=AccountExists.code, detail=detail)]) from error
    account.refresh_from_db(fields=["created_at", "available_minor"])
    return account


def _new_number() -> str:
    return f"{secrets.randbelow(10**12):012d}"


@transaction.atomic
def freeze_account(*, account_id: UUID) -> Account:
    """Nothing goes out or in any more until `unfreeze_account`. Freezing twice changes nothing. Locks the account."""
    account = lock_account(account_id)
    account.status = Account.Status.FROZEN
    account.save(update_fields=["status"])
    return account


@transaction.atomic
def unfreeze_account(*, account_id: UUID) -> Account:
    account = lock_account(account_id)
    account.status = Account.Status.OPEN
    account.save(update_fields=["status"])
    return account


@transaction.atomic
def close_account(*, account_id: UUID) -> Account:
    """Close for ever. Raises AccountNotEmpty unless booked and held are zero. Closing twice raises AccountStaysClosed."""
    account = lock_account(account_id)
    if account.booked_minor or account.held_minor:
        raise AccountNotEmpty("an account can be closed at zero balance and without holds only")
    account.status = Account.Status.CLOSED
    account.closed_at = now()
    account.save(update_fields=["status", "closed_at"])
    return account


@transaction.atomic
def set_overdraft_limit(*, account_id: UUID, overdraft_limit_minor: int) -> Account:
    """Raises OverdraftInUse if the account would be below its new limit."""
    account = lock_account(account_id)
    if account.booked_minor - account.held_minor + overdraft_limit_minor < 0:
        raise OverdraftInUse("the account uses more than the new overdraft limit")
    account.overdraft_limit_minor = overdraft_limit_minor
    account.save(update_fields=["overdraft_limit_minor"])
    return account


@transaction.atomic
def rename_account(*, account_id: UUID, name: str) -> Account:
    check_text(name, "/name")
    account = lock_account(account_id)
    account.name = name
    account.save(update_fields=["name"])
    return account


def lock_account(account_id: UUID) -> Account:
    """The account's row, locked. Raises AccountUnknown; AccountShared and AccountStaysClosed for those nobody changes."""
    account: Account | None = Account.objects.select_for_update(no_key=True).filter(id=account_id).first()
    if account is None:
        raise AccountUnknown("there is no such account")
    if account.append_only:
        raise AccountShared("this is an account of the bank itself")
    if account.status == Account.Status.CLOSED:
        raise AccountStaysClosed("this account is closed")
    return account
