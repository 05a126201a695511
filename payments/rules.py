"""Decide: is this payment allowed, what does it cost, which legs does it have, and why. Pure functions, no database.

Everything they need is passed in: the terms of the payment type, the locked accounts with their running balances, the
day's usage. A refusal is the EngineError a caller will be told, returned rather than raised, so that one item of a
batch never disturbs its neighbours.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.errors import AccountClosed, AccountFrozen, AccountUnknown, CurrencyMismatch, InsufficientFunds, SameAccount
from accounts.ledger.drafts import Leg, LockedAccount
from payment_engine.errors import EngineError, FieldError, ValidationFailed
from payment_engine.money import format_amount
from payments.errors import LimitExceeded, PaymentTypeInactive, PaymentTypeUnknown
from payments.terms import MinorTerms, PaymentTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The payment may be booked: these legs, this fee."""

    debtor: LockedAccount
    creditor: LockedAccount
    fee_minor: int
    legs: tuple[Leg, ...]


Decision = Allowed | EngineError
BALANCE_MAX_MINOR: Final = 2**63 - 1
"""What a BIGINT holds."""


def decide(  # noqa: PLR0911  # one return for each reason reads as the list of reasons it is
    *,
    amount_minor: int,
    currency: str,
    terms: PaymentTerms | None,
    debtor: LockedAccount | None,
    creditor: LockedAccount | None,
    fee_account_id: UUID | None,
    used_today_minor: int,
) -> Decision:
    """Check in this order: payment type, accounts, currencies, limits, funds. `used_today_minor` counts today's earlier payments.

    `fee_account_id` is the tenant's fee account in the currency; it may be None only when the terms have no fee.
    """
    if terms is None:
        return _refuse(PaymentTypeUnknown, "/paymentType", "this tenant has no such payment type")
    if not terms.active:
        return _refuse(PaymentTypeInactive, "/paymentType", f"payment type {terms.code} takes no payments at present")
    if debtor is None:
        return _refuse(AccountUnknown, "/debtorAccount", "there is no such account")
    if creditor is None:
        return _refuse(AccountUnknown, "/creditorAccount", "there is no such account")
    refusal = _accounts_refuse(debtor, creditor, currency)
    if refusal is not None:
        return refusal
    if terms.currencies and currency not in terms.currencies:
        return _refuse(CurrencyMismatch, "/currency", f"{terms.code} serves {', '.join(sorted(terms.currencies))} only")
    try:
        minor = terms.in_minor_units(currency)
    except ValidationFailed as error:
        return error
    refusal = _limits_refuse(amount_minor, currency, minor, used_today_minor)
    if refusal is not None:
        return refusal
    if debtor.available_minor < amount_minor + minor.fee_minor:
        return InsufficientFunds("the debtor account has not enough available funds for amount and fee")
    if max(creditor.running_booked_minor, creditor.available_minor) + amount_minor > BALANCE_MAX_MINOR:
        return _refuse(LimitExceeded, "/amount", "the creditor account can't hold that much")
    return Allowed(
        debtor=debtor,
        creditor=creditor,
        fee_minor=minor.fee_minor,
        legs=payment_legs(
            debtor_id=debtor.id,
            creditor_id=creditor.id,
            amount_minor=amount_minor,
            currency=currency,
            fee_minor=minor.fee_minor,
            fee_account_id=fee_account_id,
        ),
    )


def payment_legs(
    *, debtor_id: UUID, creditor_id: UUID, amount_minor: int, currency: str, fee_minor: int, fee_account_id: UUID | None
) -> tuple[Leg, ...]:
    """Amount from debtor to creditor, fee from debtor to the fee account, each leg on its own line of the statement."""
    legs = (
        Leg(account_id=debtor_id, amount_minor=-amount_minor, currency=currency),
        Leg(account_id=creditor_id, amount_minor=amount_minor, currency=currency),
    )
    if fee_minor == 0:
        return legs
    assert fee_account_id is not None, "a fee needs the tenant's fee account"  # noqa: S101  # the operation provides it
    return (
        *legs,
        Leg(account_id=debtor_id, amount_minor=-fee_minor, currency=currency),
        Leg(account_id=fee_account_id, amount_minor=fee_minor, currency=currency),
    )


def _accounts_refuse(debtor: LockedAccount, creditor: LockedAccount, currency: str) -> EngineError | None:
    if debtor.id == creditor.id:
        return _refuse(SameAccount, "/creditorAccount", "debtor and creditor are the same account")
    for account, pointer in ((debtor, "/debtorAccount"), (creditor, "/creditorAccount")):
        if account.append_only or account.role != "CUSTOMER":
            return _refuse(AccountUnknown, pointer, "there is no such account")  # the bank's own accounts take manual journals only
        if account.status == "CLOSED":
            return _refuse(AccountClosed, pointer, "this account is closed")
        if account.status == "FROZEN":
            return _refuse(AccountFrozen, pointer, "this account is frozen")
        if account.currency != currency:
            return _refuse(CurrencyMismatch, pointer, f"this account is in {account.currency}, the payment in {currency}")
    return None


def _limits_refuse(amount_minor: int, currency: str, terms: MinorTerms, used_today_minor: int) -> EngineError | None:
    if terms.min_minor is not None and amount_minor < terms.min_minor:
        return _refuse(LimitExceeded, "/amount", f"the smallest amount is {format_amount(terms.min_minor, currency)} {currency}")
    if terms.max_minor is not None and amount_minor > terms.max_minor:
        return _refuse(LimitExceeded, "/amount", f"the largest amount is {format_amount(terms.max_minor, currency)} {currency}")
    if terms.daily_limit_minor is not None and used_today_minor + amount_minor > terms.daily_limit_minor:
        left = max(terms.daily_limit_minor - used_today_minor, 0)
        return _refuse(LimitExceeded, "/amount", f"{format_amount(left, currency)} {currency} are left of today's limit")
    return None


def _refuse(error: type[EngineError], pointer: str, detail: str) -> EngineError:
    return error(detail, errors=[FieldError(pointer=pointer, code=error.code, detail=detail)])
