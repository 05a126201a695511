"""Payments as the API reads and writes them."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from accounts.ledger.locks import AccountReference
from accounts.rules import in_electronic_form
from payment_engine.api.amounts import AmountInput, CurrencyCode, amount_field
from payment_engine.api.errors import field_failed
from payment_engine.api.idempotency import fingerprint
from payment_engine.api.json import Input, Output
from payment_engine.errors import FieldError, NotFound
from payment_engine.ids import parse_id, public_id
from payment_engine.money import format_amount
from payments.models import Payment, PaymentApproval, RailAttempt
from payments.states import ISO_STATUS, PaymentStatus
from payments.values import Idempotency, PaymentRecord, SubmitPayment

_IBAN_SHORTEST: Final = 15
_METADATA_MAX: Final = 20
Text35 = Annotated[str, Meta(min_length=1, max_length=35)]
Text140 = Annotated[str, Meta(min_length=1, max_length=140)]
AccountText = Annotated[str, Meta(min_length=1, max_length=64, description="An account's id (acc_…) or its IBAN")]
AccountFilter = Annotated[str, Meta(pattern="^(acc_[0-9a-f]{32}|[A-Z]{2}[0-9A-Z]{13,32})$")]
AmountFilter = Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,4})?$")]
MessageId = Annotated[str, Meta(pattern="^msg_[0-9a-f]{32}$")]
UetrText = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
OnlyCaptured = Annotated[bool, Meta(extra_json_schema={"const": True}, description="A payment is booked at once")]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=40)]
MetadataValue = Annotated[str, Meta(max_length=500)]


class PaymentInput(Input, frozen=True, kw_only=True):
    """A payment to be made."""

    payment_type: Annotated[str, Meta(min_length=1, max_length=40)]
    debtor_account: AccountText
    creditor_account: AccountText
    amount: AmountInput
    currency: CurrencyCode
    reference: Text140 | None = None
    end_to_end_id: Text35 | None = None
    remittance_information: Text140 | None = None
    requested_execution_date: date | None = None
    capture: OnlyCaptured = True
    metadata: Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=_METADATA_MAX)] = {}

    def to_submit(self, *, created_by: str, correlation_id: str, idempotency: Any) -> SubmitPayment:  # noqa: ANN401  # built from the fingerprint
        """The payment for the posting core; raises ValidationFailed with the pointer, NotFound for what can't be an account."""
        if not self.capture:
            raise field_failed("/capture", "payments without capture are not offered yet")
        amount_minor = amount_field(self.amount, self.currency)
        debtor = account_reference(self.debtor_account, "/debtorAccount")
        creditor = account_reference(self.creditor_account, "/creditorAccount")
        return SubmitPayment(
            payment_type=self.payment_type,
            debtor_account=debtor,
            creditor_account=creditor,
            amount_minor=amount_minor,
            currency=self.currency,
            reference=self.reference,
            end_to_end_id=self.end_to_end_id,
            remittance_information=self.remittance_information,
            requested_execution_date=self.requested_execution_date,
            metadata=self.metadata,
            created_by=created_by,
            correlation_id=correlation_id,
            idempotency=Idempotency(fingerprint=self._fingerprint(amount_minor), **idempotency),
        )

    def _fingerprint(self, amount_minor: int) -> bytes:
        """Equal for bodies of equal meaning: member order, 10 and "10.00", spaces in an IBAN, a member left out or given as its default."""
        meaning = (
            self.payment_type,
            _as_meant(self.debtor_account),
            _as_meant(self.creditor_account),
            amount_minor,
            self.currency,
            self.reference,
            self.end_to_end_id,
            self.remittance_information,
            self.requested_execution_date,
            sorted(self.metadata.items()),
        )
        return fingerprint("POST /transactions", meaning)


class ReversalInput(Input, frozen=True, kw_only=True):
    """What to give back: an amount, or all that is left."""

    amount: AmountInput | None = None
    reason: Text140


def account_reference(text: str, pointer: str) -> AccountReference:
    """An account's UUID or its IBAN (spaces allowed). What can be neither names nothing: NotFound."""
    if text.startswith("acc_"):
        try:
            return parse_id("acc", text)
        except NotFound:
            raise _unknown(pointer) from None
    iban = _as_meant(text)
    if len(iban) < _IBAN_SHORTEST or not iban.isalnum() or not iban.isascii():
        raise _unknown(pointer)
    return iban


def _as_meant(text: str) -> str:
    """An id as it is, an IBAN in electronic form."""
    return text if text.startswith("acc_") else in_electronic_form(text)


def _unknown(pointer: str) -> NotFound:
    detail = "there is no such account"
    return NotFound(detail, errors=[FieldError(pointer=pointer, code="not_found", detail=detail)])


class BalanceOutput(Output, frozen=True, kw_only=True):
    booked: str
    available: str


class TransactionOutput(Output, frozen=True, kw_only=True):
    """A payment."""

    transaction_id: str
    status: PaymentStatus
    iso_status: str
    amount: str
    currency: str
    fee: str
    payment_type: str
    payment_type_version: int
    config_version: int
    debtor_account: str
    creditor_account: Annotated[str | None, Meta(description="Its id, or the IBAN of a creditor at another bank")]
    uetr: str
    value_date: date
    created_at: datetime
    completed_at: datetime | None
    reversed_amount: str
    reference: str | None = None
    end_to_end_id: str | None = None
    remittance_information: str | None = None
    requested_execution_date: date | None = None
    metadata: dict[str, str] = {}
    reason_code: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    rail: Annotated[str | UnsetType, Meta(description="Which carries it; absent where it was booked at once")] = UNSET
    debtor_balance: BalanceOutput | UnsetType = UNSET


class ApprovalOutput(Output, frozen=True, kw_only=True):
    """The second pair of eyes."""

    status: PaymentApproval.Status
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class AttemptOutput(Output, frozen=True, kw_only=True):
    """One time the payment was handed to a rail."""

    number: int
    rail: str
    status: RailAttempt.Status
    detail: str
    inquiries: Annotated[int, Meta(description="How often the rail was asked what became of it")]
    sent_at: datetime
    answered_at: datetime | None


class PartyOutput(Output, frozen=True, kw_only=True):
    name: str


class PartiesOutput(Output, frozen=True, kw_only=True):
    """As the ISO 20022 message names them; whoever it does not name is absent."""

    debtor: PartyOutput | UnsetType = UNSET
    ultimate_debtor: Annotated[PartyOutput | UnsetType, Meta(description="On whose behalf the debtor pays")] = UNSET
    creditor: PartyOutput | UnsetType = UNSET
    ultimate_creditor: Annotated[PartyOutput | UnsetType, Meta(description="On whose behalf the creditor is paid")] = UNSET


class TransactionDetail(TransactionOutput, frozen=True, kw_only=True):
    """A payment, with the parties its message names, the approval it needed and the rails that were tried."""

    parties: PartiesOutput | UnsetType = UNSET

    approval: ApprovalOutput | UnsetType = UNSET
    attempts: list[AttemptOutput] | UnsetType = UNSET


def transaction_detail(payment: Payment) -> TransactionDetail:
    """One or two queries more than its row, for a payment that waited; none for one that was booked at once."""
    plain = transaction_output(payment)
    members = {name: getattr(plain, name) for name in plain.__struct_fields__}
    if payment.parties is not None:
        members["parties"] = msgspec.convert(payment.parties, PartiesOutput)
    if payment.rail is None:
        return TransactionDetail(**members)
    approval = PaymentApproval.objects.filter(payment_id=payment.id).first()
    attempts = [_attempt(row) for row in RailAttempt.objects.filter(payment_id=payment.id).order_by("number")]
    return TransactionDetail(**members, approval=_approval(approval) if approval else UNSET, attempts=attempts or UNSET)


def _approval(row: PaymentApproval) -> ApprovalOutput:
    return ApprovalOutput(
        status=PaymentApproval.Status(row.status),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        decided_by=row.decided_by or None,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def _attempt(row: RailAttempt) -> AttemptOutput:
    return AttemptOutput(
        number=row.number,
        rail=row.rail,
        status=RailAttempt.Status(row.status),
        detail=row.detail,
        inquiries=row.inquiries,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
    )


def transaction_output(payment: PaymentRecord | Payment) -> TransactionOutput:
    """The same shape for a payment just booked (with the debtor's balances) and one read back."""
    currency = payment.currency
    status = PaymentStatus(payment.status)
    return TransactionOutput(
        transaction_id=public_id("pay", payment.id),
        status=status,
        iso_status=ISO_STATUS[status],
        amount=format_amount(payment.amount_minor, currency),
        currency=currency,
        fee=format_amount(payment.fee_minor, currency),
        payment_type=payment.payment_type,
        payment_type_version=payment.payment_type_version,
        config_version=payment.config_version,
        debtor_account=public_id("acc", payment.debtor_account_id),
        creditor_account=public_id("acc", payment.creditor_account_id) if payment.creditor_account_id else payment.creditor_iban,
        uetr=str(payment.uetr),
        value_date=payment.value_date,
        created_at=payment.created_at,
        completed_at=payment.completed_at,
        reversed_amount=format_amount(payment.reversed_minor, currency),
        reference=payment.reference,
        end_to_end_id=payment.end_to_end_id,
        remittance_information=payment.remittance_information,
        requested_execution_date=payment.requested_execution_date,
        metadata=payment.metadata,
        reason_code=payment.reason_code or UNSET,
        reason=payment.reason or UNSET,
        message_id=public_id("msg", payment.message_id) if payment.message_id else UNSET,
        rail=payment.rail or UNSET,
        debtor_balance=_balance(payment) if isinstance(payment, PaymentRecord) else UNSET,
    )


def _balance(payment: PaymentRecord) -> BalanceOutput | UnsetType:
    if payment.debtor_booked_minor is None or payment.debtor_available_minor is None:
        return UNSET
    return BalanceOutput(
        booked=format_amount(payment.debtor_booked_minor, payment.currency),
        available=format_amount(payment.debtor_available_minor, payment.currency),
    )


class ReversalOutput(Output, frozen=True, kw_only=True):
    reversal_id: str
    amount: str
    reason: str
    created_at: datetime
