"""Decide: is this payment allowed, what does it cost, which legs does it have, and why. Pure functions, no database.

Everything they need is passed in: the terms of the payment type, the locked accounts with their running balances, what
the debtor account has used of its limits. A refusal is the EngineError a caller will be told, returned rather than
raised, so that one item of a batch never disturbs its neighbours.
"""

from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct

from accounts.errors import AccountClosed, AccountFrozen, AccountUnknown, CurrencyMismatch, InsufficientFunds, SameAccount
from accounts.ledger.drafts import Leg, LockedAccount
from payment_engine.errors import EngineError, FieldError, ValidationFailed
from payment_engine.money import format_amount
from payments.errors import LimitExceeded, NoRoute, PaymentTypeInactive, PaymentTypeUnknown
from payments.fees import FeePayer
from payments.routes import INTERNAL
from payments.terms import MinorTerms, PaymentTerms
from payments.velocity import EVERY_TYPE, MinorLimit, UsageOfAccount, Used


class Allowed(Struct, frozen=True, kw_only=True, gc=False):
    """The payment may be made, at this fee. The debtor is charged `debit_minor`, the creditor gets `credit_minor`.

    `rail` carries it; `creditor` is None where that leads out of the bank. `legs` are what to book, if it is booked at once.
    """

    debtor: LockedAccount
    creditor: LockedAccount | None
    fee_minor: int
    debit_minor: int
    credit_minor: int
    legs: tuple[Leg, ...] = ()
    rail: str = INTERNAL
    needs_approval: bool = False

    @property
    def at_once(self) -> bool:
        """Whether it is booked now; else it waits, for an approval or with a hold for whoever carries it out."""
        return bool(self.legs)


class Price(NamedTuple):
    """What a payment takes from the debtor, gives to the creditor, and leaves with the bank."""

    fee_minor: int
    debit_minor: int
    credit_minor: int


Decision = Allowed | EngineError
"""What a BIGINT holds."""
NOTHING_USED: Final[UsageOfAccount] = {}


def decide(
    *,
    amount_minor: int,
    currency: str,
    terms: PaymentTerms | None,
    debtor: LockedAccount | None,
    creditor: LockedAccount | None,
    fee_account_id: UUID | None,
    used: UsageOfAccount = NOTHING_USED,
    elsewhere: bool = False,
) -> Decision:
    """Check in this order: payment type, accounts, route, currencies, limits, fee, funds.

    `used` is what earlier payments from the debtor account have taken of the windows that limit it.
    `fee_account_id` is the tenant's fee account in the currency; it may be None only when the terms have no fee.
    `elsewhere`: the creditor is named by an IBAN that is not one of ours, so the payment has to leave the bank.
    """
    if terms is None:
        return _refuse(PaymentTypeUnknown, "/paymentType", "this tenant has no such payment type")
    if not terms.active:
        return inactive_refusal(terms)
    if debtor is None:
        return _refuse(AccountUnknown, "/debtorAccount", "there is no such account")
    refusal = accounts_refuse(debtor, creditor, currency) or route_refuses(terms, creditor, elsewhere=elsewhere)
    if refusal is not None:
        return refusal
    refusal = currency_refuses(terms, currency)
    if refusal is not None:
        return refusal
    try:
        minor = terms.in_minor_units(currency)
    except ValidationFailed as error:
        return error
    refusal = _limits_refuse(amount_minor, currency, minor, used)
    if refusal is not None:
        return refusal
    return _priced(amount_minor, currency, terms, minor, debtor, creditor, fee_account_id)


def _priced(  # noqa: PLR0917  # the facts of one decision, in the order of `decide`
    amount_minor: int,
    currency: str,
    terms: PaymentTerms,
    minor: MinorTerms,
    debtor: LockedAccount,
    creditor: LockedAccount | None,
    fee_account_id: UUID | None,
) -> Decision:
    """The fee is on top of the amount for a debtor who pays it, and comes out of it for a creditor who does."""
    price = price_of(amount_minor, minor)
    refusal = uncovered_fee_refuses(amount_minor, currency, minor, price) or still_refused(
        amount_minor, price.debit_minor, debtor, creditor
    )
    if refusal is not None:
        return refusal
    needs_approval = approval_needed(amount_minor, minor)
    if creditor is None or needs_approval or not terms.synchronous:
        rail = INTERNAL if creditor is not None else terms.route.next_way_out({}) or terms.route.ways_out[0]
        return Allowed(
            debtor=debtor,
            creditor=creditor,
            fee_minor=price.fee_minor,
            debit_minor=price.debit_minor,
            credit_minor=price.credit_minor,
            rail=rail,
            needs_approval=needs_approval,
        )
    return Allowed(
        debtor=debtor,
        creditor=creditor,
        fee_minor=price.fee_minor,
        debit_minor=price.debit_minor,
        credit_minor=price.credit_minor,
        legs=payment_legs(
            debtor_id=debtor.id,
            creditor_id=creditor.id,
            amount_minor=amount_minor,
            currency=currency,
            fee_minor=price.fee_minor,
            fee_account_id=fee_account_id,
            fee_payer=minor.fee.payer,
        ),
    )


def still_refused(amount_minor: int, debit_minor: int, debtor: LockedAccount, creditor: LockedAccount | None) -> EngineError | None:
    """What balances say against it: the debtor's funds, the creditor's capacity. Asked again when an approval comes later."""
    return funds_refuse(debit_minor, debtor) or (full_account_refuses(amount_minor, creditor) if creditor is not None else None)


def price_of(amount_minor: int, terms: MinorTerms) -> Price:
    fee_minor = terms.fee.of(amount_minor)
    debit_minor = amount_minor if terms.fee.payer is FeePayer.CREDITOR else amount_minor + fee_minor
    return Price(fee_minor=fee_minor, debit_minor=debit_minor, credit_minor=debit_minor - fee_minor)


def uncovered_fee_refuses(amount_minor: int, currency: str, terms: MinorTerms, price: Price) -> EngineError | None:
    if terms.fee.payer is not FeePayer.CREDITOR or price.fee_minor <= amount_minor:
        return None
    fee = f"{format_amount(price.fee_minor, currency)} {currency}"
    return _refuse(LimitExceeded, "/amount", f"the amount does not cover the fee of {fee}, which the creditor pays out of it")


def funds_refuse(debit_minor: int, debtor: LockedAccount) -> EngineError | None:
    if debtor.available_minor < debit_minor:
        return InsufficientFunds("the debtor account has not enough available funds for amount and fee")
    return None


def full_account_refuses(amount_minor: int, creditor: LockedAccount) -> EngineError | None:
    if not creditor.has_room_for(amount_minor):
        return _refuse(LimitExceeded, "/amount", "the creditor account can't hold that much")
    return None


def payment_legs(
    *,
    debtor_id: UUID,
    creditor_id: UUID,
    amount_minor: int,
    currency: str,
    fee_minor: int,
    fee_account_id: UUID | None,
    fee_payer: FeePayer = FeePayer.DEBTOR,
) -> tuple[Leg, ...]:
    """Amount from debtor to creditor, fee from its payer to the fee account, each leg on its own line of the statement."""
    legs = (
        Leg(account_id=debtor_id, amount_minor=-amount_minor, currency=currency),
        Leg(account_id=creditor_id, amount_minor=amount_minor, currency=currency),
    )
    if fee_minor == 0:
        return legs
    assert fee_account_id is not None, "a fee needs the tenant's fee account"  # noqa: S101  # the operation provides it
    return (
        *legs,
        Leg(account_id=creditor_id if fee_payer is FeePayer.CREDITOR else debtor_id, amount_minor=-fee_minor, currency=currency),
        Leg(account_id=fee_account_id, amount_minor=fee_minor, currency=currency),
    )


def inactive_refusal(terms: PaymentTerms) -> EngineError:
    return _refuse(PaymentTypeInactive, "/paymentType", f"payment type {terms.code} takes no payments at present")


def accounts_refuse(debtor: LockedAccount, creditor: LockedAccount | None, currency: str) -> EngineError | None:
    """What the accounts themselves say against it; asked again when a payment that waited goes on, as they may be frozen by then."""
    if creditor is None:
        return account_refuses(debtor, "/debtorAccount", currency)
    return (
        same_account_refuses(debtor, creditor)
        or account_refuses(debtor, "/debtorAccount", currency)
        or account_refuses(creditor, "/creditorAccount", currency)
    )


def route_refuses(terms: PaymentTerms, creditor: LockedAccount | None, *, elsewhere: bool) -> EngineError | None:
    """An account kept here is reached over our own books only, any other by a rail that leads out."""
    if creditor is not None:
        if terms.route.books_here:
            return None
        ways_out = ", ".join(terms.route.ways_out)
        return _refuse(NoRoute, "/creditorAccount", f"this account is kept here, and {terms.code} only leads out of the bank ({ways_out})")
    if elsewhere and terms.route.ways_out:
        return None
    return _refuse(AccountUnknown, "/creditorAccount", "there is no such account")


def same_account_refuses(debtor: LockedAccount, creditor: LockedAccount) -> EngineError | None:
    if debtor.id == creditor.id:
        return _refuse(SameAccount, "/creditorAccount", "debtor and creditor are the same account")
    return None


def account_refuses(account: LockedAccount | None, pointer: str, currency: str) -> EngineError | None:
    if account is None or account.append_only or account.role != "CUSTOMER":
        return _refuse(AccountUnknown, pointer, "there is no such account")  # the bank's own accounts take manual journals only
    if account.status == "CLOSED":
        return _refuse(AccountClosed, pointer, "this account is closed")
    if account.status == "FROZEN":
        return _refuse(AccountFrozen, pointer, "this account is frozen")
    if account.currency != currency:
        return _refuse(CurrencyMismatch, pointer, f"this account is in {account.currency}, the payment in {currency}")
    return None


def currency_refuses(terms: PaymentTerms, currency: str) -> EngineError | None:
    if terms.serves(currency):
        return None
    return _refuse(CurrencyMismatch, "/currency", f"{terms.code} serves {', '.join(sorted(terms.currencies))} only")


def _limits_refuse(amount_minor: int, currency: str, terms: MinorTerms, used: UsageOfAccount) -> EngineError | None:
    refusal = smallest_amount_refuses(amount_minor, currency, terms) or largest_amount_refuses(amount_minor, currency, terms)
    if refusal is not None:
        return refusal
    for limit in terms.limits:
        refusal = usage_refuses(amount_minor, currency, limit, used)
        if refusal is not None:
            return refusal
    return None


def smallest_amount_refuses(amount_minor: int, currency: str, terms: MinorTerms) -> EngineError | None:
    if terms.min_minor is not None and amount_minor < terms.min_minor:
        return _refuse(LimitExceeded, "/amount", f"the smallest amount is {format_amount(terms.min_minor, currency)} {currency}")
    return None


def largest_amount_refuses(amount_minor: int, currency: str, terms: MinorTerms) -> EngineError | None:
    if terms.max_minor is not None and amount_minor > terms.max_minor:
        return _refuse(LimitExceeded, "/amount", f"the largest amount is {format_amount(terms.max_minor, currency)} {currency}")
    return None


def approval_needed(amount_minor: int, terms: MinorTerms) -> bool:
    return terms.approval_minor is not None and amount_minor >= terms.approval_minor


UNUSED: Final = Used()


def usage_refuses(amount_minor: int, currency: str, limit: MinorLimit, used_by_account: UsageOfAccount) -> EngineError | None:
    used = used_by_account.get((limit.counted_as, limit.window), UNUSED)
    if limit.max_count is not None and used.count >= limit.max_count:
        detail = f"the debtor account has made {used.count} of at most {limit.max_count} {_counted(limit)}"
        return _refuse(LimitExceeded, "/debtorAccount", detail)
    if used.amount_minor + amount_minor > limit.max_minor:
        left = format_amount(max(limit.max_minor - used.amount_minor, 0), currency)
        return _refuse(LimitExceeded, "/amount", f"{left} {currency} are left of the limit for {_counted(limit)}")
    return None


def _counted(limit: MinorLimit) -> str:
    types = "all types together" if limit.counted_as == EVERY_TYPE else "this type"
    return f"payments of {types} in one {limit.window.value.lower()}"


def _refuse(error: type[EngineError], pointer: str, detail: str) -> EngineError:
    return error(detail, errors=[FieldError(pointer=pointer, code=error.code, detail=detail)])
