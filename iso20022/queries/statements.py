"""The camt.053 of an account and day."""

from base64 import b32encode
from datetime import date
from typing import Final
from uuid import UUID

from accounts.ledger.drafts import BALANCE_MAX_MINOR
from accounts.models import Account, Journal
from accounts.queries.statements import AccountStatement, StatementEntry, statement
from iso20022.camt053 import (
    FEE,
    ISSUED_CREDIT_TRANSFER,
    ISSUED_INTERNAL_TRANSFER,
    OTHER,
    RECEIVED_INTERNAL_TRANSFER,
    BankTransactionCode,
    Entry,
    Statement,
    write_camt053,
)
from iso20022.queries.transactions import PlaceInMessage, places_in_messages
from payment_engine.clock import now
from payment_engine.errors import ValidationFailed

_ELSEWHERE: Final = PlaceInMessage()


def camt053_of(account_id: UUID, day: date, *, version: str) -> bytes:
    """The statement as a message that passed its schema. Raises AccountUnknown.

    The sequence number counts the account's days, so the chain has no gap and a day keeps its number; a day that is not
    over yet has the entries so far.
    """
    found = statement(account_id, day)
    if max(abs(found.opening_minor), abs(found.closing_minor)) > BALANCE_MAX_MINOR:  # of the bank's own accounts only
        raise ValidationFailed("a balance of this day has more than the 18 digits that a camt.053 can say")
    opened_on = Account.objects.values_list("created_at", flat=True).get(id=account_id).date()
    return write_camt053(_statement(found, sequence_number=max((day - opened_on).days + 1, 0)), version=version)


def _statement(found: AccountStatement, *, sequence_number: int) -> Statement:
    account = b32encode(found.account_id.bytes).decode().rstrip("=")
    identification = f"{account}-{found.day:%Y%m%d}"  # 35 characters, as many as there may be
    places = places_in_messages([entry.payment_id for entry in found.entries if entry.payment_id is not None])
    return Statement(
        message_id=identification,
        created_at=now(),
        statement_id=identification,
        sequence_number=sequence_number,
        day=found.day,
        account_number=found.iban or found.account_number,
        has_iban=found.iban is not None,
        currency=found.currency,
        owner_name=found.owner_name,
        opening_minor=found.opening_minor,
        closing_minor=found.closing_minor,
        entries=[_entry(entry, places.get(entry.payment_id, _ELSEWHERE) if entry.payment_id else _ELSEWHERE) for entry in found.entries],
    )


def _entry(entry: StatementEntry, place: PlaceInMessage) -> Entry:
    ours = place if entry.is_debtor else _ELSEWHERE  # between the debtor and us, and nothing the creditor is told
    return Entry(
        reference=(entry.payment_id or entry.journal_id).hex,
        amount_minor=entry.amount_minor,
        booking_date=entry.created_at.date(),
        value_date=entry.value_date,
        bank_transaction_code=_code(entry),
        is_reversal=entry.kind == Journal.Kind.REVERSAL,
        message_id=ours.message_id,
        payment_information_id=ours.payment_information_id,
        instruction_id=ours.instruction_id,
        end_to_end_id=entry.end_to_end_id,
        uetr=str(entry.uetr) if entry.uetr else None,
        counterparty_name=None if entry.is_charge else entry.counterparty_name,
        counterparty_account=None if entry.is_charge else entry.counterparty_iban or entry.counterparty_number,
        counterparty_has_iban=entry.counterparty_iban is not None,
        remittance_information=None if entry.is_charge else entry.remittance_information or entry.description,
        creditor_reference=None if entry.is_charge else place.creditor_reference,
        ultimate_debtor_name=None if entry.is_charge else place.ultimate_debtor_name,
        ultimate_creditor_name=None if entry.is_charge else place.ultimate_creditor_name,
    )


def _code(entry: StatementEntry) -> BankTransactionCode:
    """A reversal has the code of what it reverses."""
    if entry.is_charge:
        return FEE
    if entry.kind not in {Journal.Kind.PAYMENT, Journal.Kind.REVERSAL}:
        return OTHER
    if not entry.is_debtor:
        return RECEIVED_INTERNAL_TRANSFER
    return ISSUED_CREDIT_TRANSFER if entry.leaves_bank else ISSUED_INTERNAL_TRANSFER
