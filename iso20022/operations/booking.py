"""One chunk of a pain.001: from transfers to payments to rows that say what became of each."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from msgspec import Struct, json

from accounts.ledger.sql import (
    alike,
    array_of,
    array_of_texts,
    insert_rows,
    one_value,
    packed_ids,
    packed_new_ids,
    packed_numbers,
    rows_of,
)
from config_mgmt.settings_values import setting
from iso20022.answer import reasons_of
from iso20022.findings import Finding, Level, Tier
from iso20022.models import Message
from iso20022.operations.named_accounts import OTHER_CURRENCY, NamedAccounts
from iso20022.pain001.reader import CreditTransferInitiation
from iso20022.pain001.rules import problem_text
from iso20022.pain001.values import CreditTransfer, PaymentInformation, RefusedTransfer
from iso20022.parts import Part, path_of
from iso20022.reasons import reason_code_of
from payments.operations.submit import submit_payments
from payments.snapshot import current_snapshot
from payments.states import ISO_STATUS
from payments.values import Outcome, Parties, Party, PaymentRecord, SubmitPayment
from tenants.context import current_tenant_id
from tenants.database.pipeline import PipelinedTransaction

_ROWS: Final = insert_rows(
    "iso20022_message_transactions",
    {"id": "uuid", "transaction_index": "int4", "end_to_end_id": "text", "payment_id": "uuid"},
    {
        "message_id": "uuid",
        "payment_index": "int4",
        "payment_information_id": "text",
        "instruction_id": "text",
        "uetr": "uuid",
        "status": "text",
        "reason_code": "text",
        "reason": "text",
        "further_reasons": "jsonb",
    },
)
Transfer = CreditTransfer | RefusedTransfer


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """What became of one transfer. `refusals` say why it was refused, in the order found, those of its block first."""

    transfer: Transfer
    status: str
    refusals: tuple[Finding, ...] = ()
    payment: PaymentRecord | None = None

    @property
    def accepted(self) -> bool:
        return self.status != "RJCT"


@dataclass(slots=True)
class BookedChunk:
    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def book_chunk(message: Message, reading: CreditTransferInitiation, transfers: Sequence[Transfer]) -> BookedChunk:
    """Book what may be booked and write a row for each transfer, in the transaction around this call."""
    accounts = _accounts(reading, transfers)
    types = _PaymentTypes(offered=current_snapshot().terms, usual=str(setting("iso20022.payment_type")))
    asked = [_asked(message, reading, transfer, accounts, types) for transfer in transfers]
    verdicts: list[Verdict] = []

    def write_rows(transaction: PipelinedTransaction, outcomes: Sequence[Outcome]) -> None:
        next_outcome = iter(outcomes)
        verdicts[:] = [
            _verdict(transfer, next(next_outcome)) if isinstance(item, SubmitPayment) else item
            for transfer, item in zip(transfers, asked, strict=True)
        ]
        transaction.execute(_ROWS, _rows(message, reading, verdicts))

    submit_payments([item for item in asked if isinstance(item, SubmitPayment)], along=write_rows)
    found = [finding for verdict in verdicts for finding in verdict.refusals]
    return BookedChunk(
        verdicts=verdicts, findings=[finding for finding in found if (finding.tier, finding.level) == (Tier.ACCOUNT, Level.TRANSACTION)]
    )


def _accounts(reading: CreditTransferInitiation, transfers: Sequence[Transfer]) -> NamedAccounts:
    debtors = [reading.payments[index].debtor_account for index in {transfer.payment_index for transfer in transfers}]
    return NamedAccounts([*debtors, *(transfer.creditor_account for transfer in transfers if isinstance(transfer, CreditTransfer))])


def _asked(
    message: Message, reading: CreditTransferInitiation, transfer: Transfer, accounts: NamedAccounts, types: "_PaymentTypes"
) -> SubmitPayment | Verdict:
    """The payment to submit, or why there is none."""
    refusals = reading.findings.payment_refusals.get(transfer.payment_index, ())
    if isinstance(transfer, RefusedTransfer):
        refusals = (*refusals, *transfer.findings)
    if refusals or isinstance(transfer, RefusedTransfer):
        assert refusals, "a refused transfer stands in a refused block or has its own findings"  # noqa: S101
        return Verdict(transfer=transfer, status="RJCT", refusals=refusals)
    payment = reading.payments[transfer.payment_index]
    debtor, creditor = accounts.reference(payment.debtor_account), accounts.reference(transfer.creditor_account)
    if wrong := tuple(_wrong_accounts(payment, transfer, accounts)):
        return Verdict(transfer=transfer, status="RJCT", refusals=wrong)
    assert debtor is not None, "an account the tenant does not have is wrong"  # noqa: S101
    assert creditor is not None, "as the debtor's"  # noqa: S101
    return SubmitPayment(
        payment_type=types.named_by(transfer.service_level or payment.service_level),
        debtor_account=debtor,
        creditor_account=creditor,
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        uetr=UUID(transfer.uetr) if transfer.uetr else None,
        reference=transfer.instruction_id,
        end_to_end_id=transfer.end_to_end_id,
        remittance_information=" ".join(filter(None, (transfer.remittance_information, *transfer.referred_documents))) or None,
        requested_execution_date=payment.requested_execution_date,
        metadata={"creditorReference": transfer.creditor_reference} if transfer.creditor_reference else {},
        parties=_parties(payment, transfer),
        message_id=message.id,
        created_by=message.created_by,
        correlation_id=message.correlation_id,
    )


def _parties(payment: PaymentInformation, transfer: CreditTransfer) -> Parties | None:
    """None where the file names nobody. A transfer's own ultimate debtor goes before the block's."""
    debtor, creditor = _party(payment.debtor_name), _party(transfer.creditor_name)
    ultimate_debtor = _party(transfer.ultimate_debtor_name or payment.ultimate_debtor_name)
    ultimate_creditor = _party(transfer.ultimate_creditor_name)
    if debtor is creditor is ultimate_debtor is ultimate_creditor is None:
        return None
    return Parties(debtor=debtor, ultimate_debtor=ultimate_debtor, creditor=creditor, ultimate_creditor=ultimate_creditor)


def _party(name: str | None) -> Party | None:
    return Party(name=name) if name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _PaymentTypes:
    """Read once for a chunk."""

    offered: Collection[str]
    usual: str

    def named_by(self, service_level: str | None) -> str:
        """`SvcLvl` may name a payment type of the tenant; what it names otherwise (SEPA, URGP) changes nothing yet."""
        return service_level if service_level is not None and service_level in self.offered else self.usual


def _verdict(transfer: Transfer, outcome: Outcome) -> Verdict:
    if outcome.refusal is not None:
        code = reason_code_of(outcome.refusal)
        refusal = _finding(transfer, code, problem_text(code, outcome.refusal.detail))
        return Verdict(transfer=transfer, status="RJCT", refusals=(refusal,), payment=outcome.payment)
    assert outcome.payment is not None, "an outcome is a payment or a refusal"  # noqa: S101
    return Verdict(transfer=transfer, status=ISO_STATUS[outcome.payment.status], payment=outcome.payment)


def _wrong_accounts(payment: PaymentInformation, transfer: CreditTransfer, accounts: NamedAccounts) -> Iterator[Finding]:
    for code, account in (("AC02", payment.debtor_account), ("AC03", transfer.creditor_account)):
        if accounts.reference(account) is None:
            yield _finding(transfer, code, problem_text(code, "there is no such account here"))
    if (text := accounts.other_currency(transfer.creditor_account)) is not None:
        yield _finding(transfer, OTHER_CURRENCY, text, inside="/CdtrAcct/Ccy")


def _finding(transfer: Transfer, code: str, text: str, *, inside: str = "") -> Finding:
    return Finding(
        tier=Tier.ACCOUNT,
        code=code,
        level=Level.TRANSACTION,
        path=path_of(Part.TRANSFER, transfer.payment_index, transfer.transaction_index) + inside,
        line=transfer.line,
        text=text,
        payment_index=transfer.payment_index,
        transaction_index=transfer.transaction_index,
    )


def _rows(message: Message, reading: CreditTransferInitiation, verdicts: Sequence[Verdict]) -> list[object]:
    transfers = [verdict.transfer for verdict in verdicts]
    reasons = [reasons_of(verdict.refusals) for verdict in verdicts]
    blocks = [transfer.payment_index for transfer in transfers]
    return rows_of(
        current_tenant_id(),
        [
            packed_new_ids(len(verdicts)),
            packed_numbers("int4", [transfer.transaction_index for transfer in transfers]),
            array_of_texts([transfer.end_to_end_id for transfer in transfers]),
            packed_ids([verdict.payment.id if verdict.payment else None for verdict in verdicts]),
        ],
        [
            one_value(message.id),
            alike(blocks, partial(packed_numbers, "int4")),
            alike([reading.payments[block].payment_information_id for block in blocks], array_of_texts),
            alike([transfer.instruction_id for transfer in transfers], array_of_texts),
            alike([transfer.uetr for transfer in transfers], array_of),
            alike([verdict.status for verdict in verdicts], array_of),
            alike([found[0].code if found else None for found in reasons], array_of),
            alike([found[0].text if found else None for found in reasons], array_of_texts),
            alike([json.encode(found[1:]).decode() if found[1:] else None for found in reasons], array_of_texts),
        ],
    )
