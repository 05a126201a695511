"""What would happen to a payment under a version of a payment type: decided by the rules themselves, and nothing is written."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.ledger.drafts import LockedAccount
from accounts.ledger.locks import AccountReference
from accounts.models import Account
from accounts.queries.accounts import find_account
from accounts.rules import is_iban
from payment_engine.errors import EngineError
from payments.models import PaymentType
from payments.queries.limit_usage import LimitUse, limit_uses
from payments.rules import Allowed, decide
from payments.snapshot import terms_of
from payments.terms import PaymentTerms
from payments.value_dates import ValueDate
from payments.velocity import UsageOfAccount
from payments.verdicts import Facts, Verdict, verdicts

_ANY_FEE_ACCOUNT: Final = UUID(int=0)
"""Which account takes the fee changes no verdict, and asking for it would open it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPreview:
    """`outcome` is what `decide` says, or why there is no value date; `usage` is the debtor account's before this payment."""

    outcome: Allowed | EngineError
    terms: PaymentTerms
    verdicts: list[Verdict]
    value_date: ValueDate | EngineError
    usage: list[LimitUse]


def preview_payment(
    *, version: PaymentType, amount_minor: int, currency: str, debtor: AccountReference, creditor: AccountReference, at: datetime
) -> PaymentPreview:
    """As if the version were in force `at` that time, whatever its status: with today's balances, calendars and settings.

    Accounts are named by id, number or IBAN; a creditor whose valid IBAN is none of ours is at another bank. Raises
    CalendarUnknown for a draft whose calendar is gone.
    """
    terms = replace(terms_of(version), active=True)
    debtor_account, creditor_account = find_account(debtor), find_account(creditor)
    usage = [] if debtor_account is None else limit_uses(debtor_account, terms.limits, at)
    used: UsageOfAccount = {(use.counted_as, use.window): use.used for use in usage}
    facts = Facts(
        amount_minor=amount_minor,
        currency=currency,
        terms=terms,
        debtor=_as_it_stands(debtor_account),
        creditor=_as_it_stands(creditor_account),
        used=used,
        elsewhere=creditor_account is None and isinstance(creditor, str) and is_iban(creditor),
    )
    value_date = _value_date(terms, at)
    outcome = _decide(facts)
    return PaymentPreview(
        outcome=value_date if isinstance(outcome, Allowed) and isinstance(value_date, EngineError) else outcome,
        terms=terms,
        verdicts=verdicts(facts),
        value_date=value_date,
        usage=usage,
    )


def _decide(facts: Facts) -> Allowed | EngineError:
    return decide(
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        terms=facts.terms,
        debtor=facts.debtor,
        creditor=facts.creditor,
        fee_account_id=_ANY_FEE_ACCOUNT,
        used=facts.used,
        elsewhere=facts.elsewhere,
    )


def _value_date(terms: PaymentTerms, at: datetime) -> ValueDate | EngineError:
    try:
        return terms.value_date_rule.value_date(at)
    except EngineError as error:
        return error


def _as_it_stands(account: Account | None) -> LockedAccount | None:
    """As the rules read an account, but nobody holds its lock: by the time of a payment it may have changed."""
    if account is None:
        return None
    return LockedAccount(
        id=account.id,
        iban=account.iban,
        currency=account.currency,
        role=account.role,
        status=account.status,
        append_only=account.append_only,
        booked_minor=account.booked_minor,
        held_minor=account.held_minor,
        overdraft_limit_minor=account.overdraft_limit_minor,
        version=account.version,
    )
