"""Customers, accounts and what is posted to them, as the API reads and writes them."""

from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.models import Account, Customer
from accounts.queries.accounts import booked_now_minor
from accounts.queries.postings import PostingRow
from accounts.queries.statements import AccountStatement, StatementEntry
from accounts.rules import NUMBER_PATTERN, TEXT_PATTERN
from payment_engine.api.amount_schemas import AmountOrZero
from payment_engine.api.amounts import CurrencyCode, CurrencyText
from payment_engine.api.json import Input, Output
from payment_engine.ids import public_id
from payment_engine.money import format_amount

AccountType = Literal["ASSET", "LIABILITY", "INCOME", "EXPENSE", "EQUITY"]
AccountRole = Literal["CUSTOMER", "NOSTRO", "FEE", "SUSPENSE", "CLEARING", "SETTLEMENT", "EQUITY"]
AccountStatus = Literal["OPEN", "FROZEN", "CLOSED"]
JournalKind = Literal["PAYMENT", "REVERSAL", "MANUAL", "OPENING"]
CustomerId = Annotated[str, Meta(pattern="^cus_[0-9a-f]{32}$")]
AccountId = Annotated[str, Meta(pattern="^acc_[0-9a-f]{32}$")]
SignedAmount = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="Credit positive, with exactly the currency's digits")]
# The patterns are published here and enforced by the operations, for every door alike.
Name = Annotated[str, Meta(min_length=1, max_length=140, extra_json_schema={"pattern": TEXT_PATTERN})]
CustomerReference = Annotated[str, Meta(min_length=1, max_length=64, extra_json_schema={"pattern": TEXT_PATTERN})]
Email = Annotated[str, Meta(min_length=1, max_length=254, extra_json_schema={"format": "email"})]
Iban = Annotated[str, Meta(min_length=1, max_length=64, description="ISO 13616, check digits included; with or without spaces")]
AccountNumber = Annotated[str, Meta(extra_json_schema={"pattern": NUMBER_PATTERN})]
ETAG_PATTERN: Final = '^"[0-9a-f]{32}"$'


class CustomerInput(Input, frozen=True, kw_only=True):
    """A customer to be taken on; `reference` is the tenant's own number for them."""

    name: Name
    reference: CustomerReference | None = None
    email: Email | None = None


class CustomerChange(Input, frozen=True, kw_only=True):
    """What to change of a customer; null takes a reference or an e-mail address away."""

    name: Name | UnsetType = UNSET
    reference: CustomerReference | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET

    def changes(self) -> dict[str, str | None]:
        changes = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        if "email" in changes:
            changes["email"] = changes["email"] or ""
        return changes


class CustomerOutput(Output, frozen=True, kw_only=True):
    """A customer."""

    customer_id: CustomerId
    name: str
    reference: str | None
    email: str | None
    created_at: datetime


class AccountInput(Input, frozen=True, kw_only=True):
    """An account to be opened. Without a number it gets one, without a currency that of the setting `payment.default_currency`."""

    customer_id: CustomerId
    name: Name
    currency: CurrencyCode | UnsetType = UNSET
    type: AccountType = "LIABILITY"
    iban: Iban | None = None
    account_number: AccountNumber | None = None
    overdraft_limit: AmountOrZero | UnsetType = UNSET


class AccountChange(Input, frozen=True, kw_only=True):
    """What to change of an account; CLOSED is for ever."""

    name: Name | UnsetType = UNSET
    overdraft_limit: AmountOrZero | UnsetType = UNSET
    status: AccountStatus | UnsetType = UNSET


class AccountBalance(Output, frozen=True, kw_only=True):
    """available = booked − held + overdraft limit."""

    booked: SignedAmount
    held: SignedAmount
    available: SignedAmount


class AccountOutput(Output, frozen=True, kw_only=True):
    """An account. Those with another role than CUSTOMER are the bank's own; they have no customer."""

    account_id: AccountId
    customer_id: CustomerId | None
    account_number: str
    iban: str | None
    name: str
    currency: CurrencyText
    type: AccountType
    role: AccountRole
    status: AccountStatus
    overdraft_limit: SignedAmount
    balance: AccountBalance
    created_at: datetime
    closed_at: datetime | None


class BalanceAtOutput(Output, frozen=True, kw_only=True):
    """The balance of one moment; what was held and available is known of the present only."""

    account_id: AccountId
    currency: CurrencyText
    as_of: datetime
    booked: SignedAmount
    held: SignedAmount | UnsetType = UNSET
    available: SignedAmount | UnsetType = UNSET


class PostingOutput(Output, frozen=True, kw_only=True):
    """One side of a journal. The bank's own accounts have no balance after each posting."""

    posting_id: str
    journal_id: str
    kind: JournalKind
    amount: SignedAmount
    currency: CurrencyText
    balance_after: SignedAmount | None
    value_date: date
    created_at: datetime
    description: str
    transaction_id: str | None


class StatementEntryOutput(Output, frozen=True, kw_only=True):
    """A posting with what its payment and the other party say."""

    posting_id: str
    kind: JournalKind
    amount: SignedAmount
    balance_after: SignedAmount
    created_at: datetime
    value_date: date
    description: str
    is_charge: bool
    transaction_id: str | None
    end_to_end_id: str | None
    reference: str | None
    remittance_information: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    counterparty_number: str | None


class StatementOutput(Output, frozen=True, kw_only=True):
    """One day (UTC) of an account: opening balance + Σ entries = closing balance."""

    account_id: AccountId
    account_number: str
    iban: str | None
    currency: CurrencyText
    date: date
    opening_balance: SignedAmount
    closing_balance: SignedAmount
    entries: list[StatementEntryOutput]


def customer_output(customer: Customer) -> CustomerOutput:
    return CustomerOutput(
        customer_id=customer.public_id,
        name=customer.name,
        reference=customer.reference,
        email=customer.email or None,
        created_at=customer.created_at,
    )


def account_output(account: Account) -> AccountOutput:
    def amount(minor: int) -> str:
        return format_amount(minor, account.currency)

    booked = booked_now_minor(account)
    return AccountOutput(
        account_id=account.public_id,
        customer_id=public_id("cus", account.customer_id) if account.customer_id else None,
        account_number=account.number,
        iban=account.iban,
        name=account.name,
        currency=account.currency,
        type=account.type,  # type: ignore[arg-type]  # the column's own choices
        role=account.role,  # type: ignore[arg-type]  # the column's own choices
        status=account.status,  # type: ignore[arg-type]  # the column's own choices
        overdraft_limit=amount(account.overdraft_limit_minor),
        balance=AccountBalance(
            booked=amount(booked),
            held=amount(account.held_minor),
            available=amount(booked - account.held_minor + account.overdraft_limit_minor),
        ),
        created_at=account.created_at,
        closed_at=account.closed_at,
    )


def customer_etag(customer: Customer) -> str:
    content = msgspec.json.encode((customer.id, customer.name, customer.reference, customer.email))
    return f'"{sha256(content).hexdigest()[:32]}"'


def account_etag(account: Account) -> str:
    """Of what can be changed, not of the balances: a payment in between makes nobody's copy stale."""
    content = msgspec.json.encode((account.id, account.name, account.status, account.overdraft_limit_minor))
    return f'"{sha256(content).hexdigest()[:32]}"'


def posting_output(posting: PostingRow) -> PostingOutput:
    balance = posting.balance_after_minor
    return PostingOutput(
        posting_id=public_id("pst", posting.id),
        journal_id=public_id("jrn", posting.journal_id),
        kind=posting.kind,  # type: ignore[arg-type]  # the table's own constraint
        amount=format_amount(posting.amount_minor, posting.currency),
        currency=posting.currency,
        balance_after=None if balance is None else format_amount(balance, posting.currency),
        value_date=posting.value_date,
        created_at=posting.created_at,
        description=posting.description,
        transaction_id=_payment_id(posting.payment_id),
    )


def statement_output(statement: AccountStatement) -> StatementOutput:
    return StatementOutput(
        account_id=public_id("acc", statement.account_id),
        account_number=statement.account_number,
        iban=statement.iban,
        currency=statement.currency,
        date=statement.day,
        opening_balance=format_amount(statement.opening_minor, statement.currency),
        closing_balance=format_amount(statement.closing_minor, statement.currency),
        entries=[_entry_output(entry, statement.currency) for entry in statement.entries],
    )


def _entry_output(entry: StatementEntry, currency: str) -> StatementEntryOutput:
    return StatementEntryOutput(
        posting_id=public_id("pst", entry.posting_id),
        kind=entry.kind,  # type: ignore[arg-type]  # the table's own constraint
        amount=format_amount(entry.amount_minor, currency),
        balance_after=format_amount(entry.balance_after_minor, currency),
        created_at=entry.created_at,
        value_date=entry.value_date,
        description=entry.description,
        is_charge=entry.is_charge,
        transaction_id=_payment_id(entry.payment_id),
        end_to_end_id=entry.end_to_end_id,
        reference=entry.reference,
        remittance_information=entry.remittance_information,
        counterparty_name=entry.counterparty_name,
        counterparty_iban=entry.counterparty_iban,
        counterparty_number=entry.counterparty_number,
    )


def _payment_id(payment_id: UUID | None) -> str | None:
    return None if payment_id is None else public_id("pay", payment_id)
