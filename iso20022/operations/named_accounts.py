"""Tier 5 as far as no money is asked about: the accounts a file names, and whether they have the currency it gives them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db.models import Q

from accounts.ledger.locks import AccountReference
from accounts.models import Account
from iso20022.findings import Finding, Level, Tier
from iso20022.identifiers import iban_is_valid
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.pain001.rules import problem_text
from iso20022.pain001.values import AccountNumber
from iso20022.parts import Part, path_of
from payment_engine.errors import NotFound
from payment_engine.ids import parse_id

OTHER_CURRENCY: Final = "AC09"


class NamedAccounts:
    """Two queries at most: one if a number is no IBAN, one if the file gives an account's currency."""

    def __init__(self, accounts: Iterable[AccountNumber | None]) -> None:
        named = [account for account in accounts if account is not None]
        numbers = {account.number for account in named if not account.is_iban}
        rows = Account.objects.filter(number__in=numbers).values_list("number", "id") if numbers else ()
        self._ids: dict[str, UUID] = dict(rows)
        self._currencies = _currencies({self.reference(account) for account in named if account.currency})

    def reference(self, account: AccountNumber | None) -> AccountReference | None:
        """How the posting core finds it; None for a number the tenant does not have."""
        if account is None:
            return None
        if account.is_iban or iban_is_valid(account.number):
            return account.number
        if (found := self._ids.get(account.number)) is not None:
            return found
        try:
            return parse_id("acc", account.number)
        except NotFound:
            return None

    def other_currency(self, account: AccountNumber) -> str | None:
        """The sentence for an account kept here in another currency than the file gives it; None for every other account."""
        currency = self._currencies.get(self.reference(account))
        if account.currency is None or currency in (None, account.currency):
            return None
        return problem_text(OTHER_CURRENCY, f"the account is kept in {currency}, not in {account.currency}")


def _currencies(references: set[AccountReference | None]) -> dict[AccountReference | None, str]:
    """By id and by IBAN."""
    ids = [reference for reference in references if isinstance(reference, UUID)]
    ibans = [reference for reference in references if isinstance(reference, str)]
    found: dict[AccountReference | None, str] = {}
    if ids or ibans:
        for account_id, iban, currency in Account.objects.filter(Q(id__in=ids) | Q(iban__in=ibans)).values_list("id", "iban", "currency"):
            found[account_id] = currency
            if iban is not None:
                found[iban] = currency
    return found


def with_account_findings(reading: CreditTransferInitiation) -> CreditTransferInitiation:
    """The reading, with the blocks refused that give their debtor account another currency than it has."""
    stated = [(payment, account) for payment in reading.payments if (account := payment.debtor_account) is not None and account.currency]
    if reading.findings.refuse_group or not stated:
        return reading
    accounts = NamedAccounts(account for _, account in stated)
    found = [
        Finding(
            tier=Tier.ACCOUNT,
            code=OTHER_CURRENCY,
            level=Level.PAYMENT,
            path=f"{path_of(Part.PAYMENT, payment.index)}/DbtrAcct/Ccy",
            line=payment.line,
            text=text,
            payment_index=payment.index,
        )
        for payment, account in stated
        if (text := accounts.other_currency(account)) is not None
    ]
    return replace(reading, findings=reading.findings.and_also(found))
