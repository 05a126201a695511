"""What a pain.001 says, as values. Indexes count from 0 in file order; lines are those of the original file.

The values there is one of per transfer are msgspec structs: frozen dataclasses take four times as long to make.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec import Struct

from iso20022.findings import Finding


class AccountNumber(Struct, frozen=True, kw_only=True, gc=False):
    """An IBAN in upper case, or the `Othr/Id` a bank gave the account; `Ccy` where the file gives it."""

    number: str
    is_iban: bool
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHeader:
    """`GrpHdr`. `control_sum` is None where the sender gave none, which the standard allows."""

    message_id: str
    created: str
    number_of_transactions: int
    control_sum: Decimal | None
    initiating_party_name: str | None
    initiating_party_id: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInformation:
    """`PmtInf`: one debtor account and the transfers from it. The stated number and sum are None where not given.

    `requested_execution_date` and `debtor_account` are None only in a block that is refused for it.
    """

    index: int
    line: int
    payment_information_id: str
    payment_method: str
    batch_booking: bool | None
    stated_transactions: int | None
    stated_control_sum: Decimal | None
    transactions: int
    control_sum: Decimal
    service_level: str | None
    requested_execution_date: date | None
    debtor_name: str | None
    debtor_account: AccountNumber | None
    debtor_agent_bic: str | None
    ultimate_debtor_name: str | None
    charge_bearer: str | None


class CreditTransfer(Struct, frozen=True, kw_only=True, gc=False):
    """`CdtTrfTxInf` that passed every rule of its own: ready to be posted unless its block or group is refused."""

    payment_index: int
    transaction_index: int
    line: int
    instruction_id: str | None
    end_to_end_id: str
    uetr: str | None
    amount_minor: int
    currency: str
    ultimate_debtor_name: str | None
    creditor_name: str | None
    ultimate_creditor_name: str | None
    creditor_account: AccountNumber
    creditor_agent_bic: str | None
    remittance_information: str | None
    creditor_reference: str | None
    referred_documents: tuple[str, ...]
    purpose: str | None
    service_level: str | None
    charge_bearer: str | None


class RefusedTransfer(Struct, frozen=True, kw_only=True, gc=False):
    """`CdtTrfTxInf` that can't be posted: what a status report says about it, and why.

    `findings` is empty for a cheque, whose block is refused as a whole.
    """

    payment_index: int
    transaction_index: int
    line: int
    instruction_id: str | None
    end_to_end_id: str
    uetr: str | None
    findings: tuple[Finding, ...]
