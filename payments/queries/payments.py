"""Conditions on payments that are not one column's."""

import re
from collections import defaultdict
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q
from iso4217 import Currency

from accounts.ledger.locks import AccountReference
from accounts.models import Account
from accounts.rules import in_electronic_form, is_iban
from payment_engine.money import MAX_DIGITS, exponent, is_currency

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_LARGEST: Final = 10**MAX_DIGITS
"""What no amount reaches, in minor units."""


def _by_exponent() -> dict[int, list[str]]:
    currencies = defaultdict(list)
    for currency in Currency:
        if is_currency(currency.code):
            currencies[exponent(currency.code)].append(currency.code)
    return dict(currencies)


_CURRENCIES: Final = _by_exponent()


def amount_is(lookup: str, amount: Decimal) -> Q:
    """Payments whose amount, each in its own currency, is (`exact`), is at least (`gte`) or at most (`lte`) this one.

    10.50 lies between 10 and 11 JPY, so it is the amount of no payment in JPY.
    """
    found = Q(pk__in=[])
    for digits, currencies in _CURRENCIES.items():
        minor = min(amount.scaleb(digits), Decimal(_LARGEST))
        whole = int(minor)
        if lookup == "exact" and whole != minor:
            continue
        bound = whole + 1 if lookup == "gte" and whole != minor else whole
        found |= Q(currency__in=currencies, **{f"amount_minor__{lookup}": bound})
    return found


def account_is(side: str, reference: AccountReference) -> Q:
    """Payments whose `debtor` or `creditor` is this account; by its IBAN also a creditor at another bank.

    Reads the accounts with this IBAN: one in a tenant's scope, one of each tenant in the platform's.
    """
    if isinstance(reference, UUID):
        return Q(**{f"{side}_account_id": reference})
    here = Q(**{f"{side}_account_id__in": list(Account.objects.filter(iban=reference).values_list("id", flat=True))})
    return here | Q(creditor_iban=reference) if side == "creditor" else here


def mentioned_as(term: str) -> Q:
    """Payments that have exactly this reference, end-to-end id, idempotency key, UETR or, on either side, this IBAN."""
    found = Q(reference=term) | Q(end_to_end_id=term) | Q(idempotency_key=term)
    if _UUID.fullmatch(term):
        found |= Q(uetr=UUID(term))
    if is_iban(iban := in_electronic_form(term)):
        found |= account_is("debtor", iban) | account_is("creditor", iban)
    return found
