"""Plain-default builders. They go through the operations users go through."""

from datetime import date
from uuid import UUID

from accounts.models import Account, Customer
from accounts.operations.accounts import open_account
from accounts.operations.journals import post_opening_balance
from iso20022.models import Message
from payments.models import PaymentType
from payments.values import Idempotency, Parties, SubmitPayment


def make_customer(name: str = "Ada Lovelace") -> Customer:
    return Customer.objects.create(name=name)


def make_account(
    currency: str = "EUR", funds_minor: int = 0, *, iban: str | None = None, overdraft_limit_minor: int = 0, name: str = "Current account"
) -> Account:
    """An open customer account holding `funds_minor`."""
    account = open_account(
        customer_id=make_customer().id, currency=currency, name=name, iban=iban, overdraft_limit_minor=overdraft_limit_minor
    )
    if funds_minor:
        post_opening_balance(account_id=account.id, amount_minor=funds_minor, currency=currency)
        account.refresh_from_db()
    return account


def make_payment_type(code: str = "INTERNAL_TRANSFER", **terms: object) -> PaymentType:
    return PaymentType.objects.create(**{"code": code, "name": code.replace("_", " ").title(), **terms})


def make_message(**facts: object) -> Message:
    """A pain.001 that came in; its document is not kept."""
    usual = {
        "direction": "IN",
        "family": "pain001",
        "message_type": "pain.001.001.09",
        "original_message_id": "MSG-1",
        "document_sha256": b"0" * 32,
        "size_bytes": 1,
        "status": "COMPLETED",
    }
    return Message.objects.create(**{**usual, **facts})


def payment(
    debtor: Account | UUID | str,
    creditor: Account | UUID | str,
    amount_minor: int = 100,
    *,
    currency: str = "EUR",
    payment_type: str = "INTERNAL_TRANSFER",
    idempotency: Idempotency | None = None,
    message_id: UUID | None = None,
    uetr: UUID | None = None,
    metadata: dict[str, str] | None = None,
    requested_execution_date: date | None = None,
    reference: str | None = None,
    end_to_end_id: str | None = None,
    parties: Parties | None = None,
) -> SubmitPayment:
    return SubmitPayment(
        payment_type=payment_type,
        debtor_account=debtor.id if isinstance(debtor, Account) else debtor,
        creditor_account=creditor.id if isinstance(creditor, Account) else creditor,
        amount_minor=amount_minor,
        currency=currency,
        idempotency=idempotency,
        message_id=message_id,
        uetr=uetr,
        metadata=metadata or {},
        requested_execution_date=requested_execution_date,
        reference=reference,
        end_to_end_id=end_to_end_id,
        parties=parties,
    )
