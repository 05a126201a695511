"""Who is on the other side of postings: the payment that made them, the account and the customer they were exchanged with."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from accounts.ledger.sql import array_of_ids

_FIRST_CHARGE_LINE: Final = 2
_PAYMENTS: Final = """
SELECT id, debtor_account_id, creditor_account_id, creditor_iban, end_to_end_id, reference, uetr, remittance_information,
    parties #>> '{creditor,name}'
FROM transactions WHERE id = ANY (%s::uuid[])"""
_LEGS: Final = "SELECT journal_id, line, account_id FROM postings WHERE journal_id = ANY (%s::uuid[])"
_ACCOUNTS: Final = "SELECT id, customer_id, name, iban, number FROM accounts WHERE id = ANY (%s::uuid[])"
_CUSTOMERS: Final = "SELECT id, name FROM customers WHERE id = ANY (%s::uuid[])"
Leg = tuple[UUID, int, UUID | None]
"""Journal, line and payment of a posting."""


class PaymentFacts(NamedTuple):
    id: UUID
    debtor_account_id: UUID
    creditor_account_id: UUID | None
    creditor_iban: str | None
    end_to_end_id: str | None
    reference: str | None
    uetr: UUID
    remittance_information: str | None
    creditor_name: str | None
    """As the debtor's message has it: used only where no account of ours tells it."""


class Party(NamedTuple):
    """A customer (or, of the bank's own accounts, the account) by name, and the account. Of one at another bank what the payment says."""

    name: str | None
    iban: str | None
    number: str | None


class OtherSide(NamedTuple):
    payment: PaymentFacts | None
    party: Party | None
    is_charge: bool


def other_sides(cursor: CursorWrapper, account_id: UUID, legs: Sequence[Leg]) -> list[OtherSide]:
    """The other side of each leg of this account, in the same order.

    The legs of a payment are the amount (lines 0 and 1), then the charge (2 and 3); its other party is the other one of
    debtor and creditor, and a charge has none for whoever of them paid it. Without a payment, and for who gets the charge, it is
    the account of the paired leg.
    """
    payments = {row[0]: PaymentFacts(*row) for row in _select(cursor, _PAYMENTS, {payment_id for *_, payment_id in legs if payment_id})}
    facts = [payments.get(payment_id) if payment_id else None for *_, payment_id in legs]
    by_pair = [payment is None or _earns_charge(payment, account_id, line) for (_, line, _), payment in zip(legs, facts, strict=True)]
    journals = {journal_id for (journal_id, *_), is_by_pair in zip(legs, by_pair, strict=True) if is_by_pair}
    paired = {(journal_id, line ^ 1): account for journal_id, line, account in _select(cursor, _LEGS, journals)}
    sides = []
    for (journal_id, line, _), payment, is_by_pair in zip(legs, facts, by_pair, strict=True):
        is_charge = payment is not None and line >= _FIRST_CHARGE_LINE
        if payment is None or is_by_pair:
            other = paired.get((journal_id, line))
        else:
            other = None if is_charge else _other_party(payment, account_id)
        sides.append((payment, other, is_charge))
    parties = _parties(cursor, {other for _, other, _ in sides if other is not None})
    return [
        OtherSide(payment, parties.get(other) if other else _elsewhere(payment, account_id, is_charge=is_charge), is_charge)
        for payment, other, is_charge in sides
    ]


def _earns_charge(payment: PaymentFacts, account_id: UUID, line: int) -> bool:
    return line >= _FIRST_CHARGE_LINE and account_id not in {payment.debtor_account_id, payment.creditor_account_id}


def _other_party(payment: PaymentFacts, account_id: UUID) -> UUID | None:
    return payment.creditor_account_id if account_id == payment.debtor_account_id else payment.debtor_account_id


def _elsewhere(payment: PaymentFacts | None, account_id: UUID, *, is_charge: bool) -> Party | None:
    """The creditor at another bank, for the debtor."""
    if payment is None or is_charge or payment.creditor_iban is None or account_id != payment.debtor_account_id:
        return None
    return Party(name=payment.creditor_name, iban=payment.creditor_iban, number=None)


def _parties(cursor: CursorWrapper, account_ids: set[UUID]) -> dict[UUID, Party]:
    accounts = _select(cursor, _ACCOUNTS, account_ids)
    names = dict(_select(cursor, _CUSTOMERS, {customer_id for _, customer_id, *_ in accounts if customer_id}))
    return {
        account_id: Party(name=names.get(customer_id, account_name), iban=iban, number=number)
        for account_id, customer_id, account_name, iban, number in accounts
    }


def _select(cursor: CursorWrapper, query: str, ids: Iterable[UUID]) -> list[tuple[Any, ...]]:
    wanted = array_of_ids(ids)
    if wanted == "{}":
        return []
    cursor.execute(query, [wanted])
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
