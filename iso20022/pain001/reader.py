"""Reads a pain.001 of any version and any length: one pass finds everything that is wrong, the transfers are kept or read again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO, Final

from iso20022.envelope import BusinessHeader, Contents, business_header_of, contents_of
from iso20022.findings import Finding, FindingLog, Findings, Level, Severity, Tier
from iso20022.pain001.elements import RawTransfer, group_header_of, payment_method_of, payment_of, transfer_of
from iso20022.pain001.profile import BASE, Profile
from iso20022.pain001.rules import GroupRules, PaymentRules, Problem, TransferRules, problem_text, requested_date_of
from iso20022.pain001.values import CreditTransfer, GroupHeader, PaymentInformation, RefusedTransfer
from iso20022.parts import Part, PartReader, ReadPart, path_of
from iso20022.wire import WireLimits

VERSIONS: Final = tuple(f"pain.001.001.{version:02}" for version in range(3, 14))
_KEPT_AT_MOST: Final = 20_000
_AMOUNT_DIGITS: Final = 18
_AMOUNT_DECIMALS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTransferInitiation:
    """A pain.001 as read. `header` is None where none could be read. `message_type` is what the file says it is, which may be
    another message than a pain.001 (then the group is refused), and None where its namespace is not of ISO 20022.

    What is refused: everything if `findings.refuse_group`, else the blocks in `findings.payment_refusals`, else each RefusedTransfer.
    """

    message_type: str | None
    business_header: BusinessHeader | None
    header: GroupHeader | None
    payments: tuple[PaymentInformation, ...]
    findings: Findings
    transactions: int
    control_sum: Decimal
    _kept: tuple[CreditTransfer | RefusedTransfer, ...] | None
    _source: bytes | BinaryIO
    _limits: WireLimits

    def transfers(self) -> Iterator[CreditTransfer | RefusedTransfer]:
        """All transfers in file order, also those of refused blocks; none of a file the schema refused. Long files are read again."""
        if self._kept is not None:
            yield from self._kept
        elif self.message_type is not None:
            yield from _Scan(self._source, message_type=self.message_type, limits=self._limits, validates=False).transfers()


def read_pain001(
    source: bytes | BinaryIO,
    *,
    today: date,
    profile: Profile = BASE,
    limits: WireLimits | None = None,
    kept_at_most: int = _KEPT_AT_MOST,
) -> CreditTransferInitiation:
    """Raises MalformedXml for what is not XML; everything else that is wrong becomes findings.

    `source` must stay readable until `transfers()` of a file of more than `kept_at_most` transfers was consumed.
    """
    limits = limits or WireLimits()
    contents = contents_of(source, limits)
    if contents.message_type not in VERSIONS:
        return _refusal(source, limits, contents)
    scan = _Scan(source, message_type=contents.message_type, limits=limits, validates=True, profile=profile, today=today)
    kept: list[CreditTransfer | RefusedTransfer] | None = []
    for transfer in scan.transfers():
        if kept is not None:
            kept.append(transfer)
            if len(kept) > kept_at_most:
                kept = None
    scan.conclude()
    readable = not scan.schema_findings
    return CreditTransferInitiation(
        message_type=contents.message_type,
        business_header=scan.business_header,
        header=scan.header,
        payments=tuple(scan.payments) if readable else (),
        findings=scan.log.frozen(),
        transactions=scan.transactions,
        control_sum=_exact(scan.total),
        _kept=() if not readable else None if kept is None else tuple(kept),
        _source=source,
        _limits=limits,
    )


class _Scan:
    """One pass over a file. The second pass of a long file runs the transfer rules only: the rest is known by then."""

    def __init__(
        self,
        source: bytes | BinaryIO,
        *,
        message_type: str,
        limits: WireLimits,
        validates: bool,
        profile: Profile = BASE,
        today: date = date.min,
    ) -> None:
        self._parts = PartReader(source, message_type=message_type, limits=limits, validates=validates)
        self._validates = validates
        self._message_type = message_type
        self._profile = profile
        self._group_rules = GroupRules(path=path_of(Part.GROUP_HEADER))
        self._payment_rules = PaymentRules(profile=profile, today=today)
        self._transfer_rules = TransferRules()
        self._transactions_of_payment = 0
        self._total_of_payment = 0
        self.business_header: BusinessHeader | None = None
        self.header: GroupHeader | None = None
        self.payments: list[PaymentInformation] = []
        self.log = FindingLog()
        self.transactions = 0
        self.total = 0

    @property
    def schema_findings(self) -> list[Finding]:
        return self._parts.schema_findings

    def transfers(self) -> Iterator[CreditTransfer | RefusedTransfer]:
        for part in self._parts:
            if part.kind is Part.TRANSFER:
                if part.transaction_index == 0:
                    self._transfer_rules.start_payment(payment_method_of(part.element))
                self.transactions += len(part.elements)
                if part.is_valid:
                    yield from self._transfers(part)
            elif part.kind is Part.PAYMENT:
                if part.is_valid and self._validates:
                    self._payment(part)
                self._transactions_of_payment = self._total_of_payment = 0
            elif part.kind is Part.GROUP_HEADER and part.is_valid:
                self.header = group_header_of(part.element)
            elif part.kind is Part.BUSINESS_HEADER:
                self.business_header = business_header_of(part.element)
            if len(self.payments) > self._profile.payments_at_most:
                return

    def conclude(self) -> None:
        """The findings that need the whole file. After a schema error nothing else is told: what was counted may be wrong."""
        if self.schema_findings:
            self.log = FindingLog()
            for finding in self.schema_findings:
                self.log.add(finding)
        elif self.header is not None and len(self.payments) > self._profile.payments_at_most:
            self.log.add(self._group_rules.too_many_payments(self.header, self._profile.payments_at_most))
        elif self.header is not None:
            for finding in self._group_rules.check(self.header, transactions=self.transactions, total=_exact(self.total)):
                self.log.add(finding)
        self._compare_business_header()

    def _compare_business_header(self) -> None:
        stated = self.business_header.message_definition if self.business_header else ""
        if stated and stated != self._message_type:
            text = f"The envelope announces {stated[:35]}, the document is {self._message_type}."
            self.log.add(
                Finding(
                    tier=Tier.MESSAGE,
                    code="NARR",
                    level=Level.GROUP,
                    path="/AppHdr/MsgDefIdr",
                    line=0,
                    text=text,
                    severity=Severity.WARNS,
                )
            )

    def _transfers(self, run: ReadPart) -> list[CreditTransfer | RefusedTransfer]:
        raws = [transfer_of(element) for element in run.elements]
        units = sum(_units(raw.amount) for raw in raws)
        self.total += units
        self._transactions_of_payment += len(raws)
        self._total_of_payment += units
        checked = [self._transfer_rules.check(raw) for raw in raws]
        return [
            self._refused(raw, problems, run.payment_index, index)
            if problems or raw.creditor_account is None
            else _accepted(raw, minor, run.payment_index, index)
            for index, (raw, (problems, minor)) in enumerate(zip(raws, checked, strict=True), run.transaction_index)
        ]

    def _refused(self, raw: RawTransfer, problems: Sequence[Problem], payment_index: int, transaction_index: int) -> RefusedTransfer:
        path = path_of(Part.TRANSFER, payment_index, transaction_index)
        findings = tuple(
            Finding(
                tier=tier,
                code=code,
                level=Level.TRANSACTION,
                path=f"{path}/{inner}",
                line=raw.line,
                text=problem_text(code, text),
                payment_index=payment_index,
                transaction_index=transaction_index,
            )
            for tier, code, inner, text in problems
        )
        self.log.add_all_of_transaction(findings)
        return RefusedTransfer(
            payment_index=payment_index,
            transaction_index=transaction_index,
            line=raw.line,
            instruction_id=raw.instruction_id,
            end_to_end_id=raw.end_to_end_id,
            uetr=raw.uetr,
            findings=findings,
        )

    def _payment(self, part: ReadPart) -> None:
        raw = payment_of(part.element)
        path = path_of(Part.PAYMENT, part.payment_index)
        total = _exact(self._total_of_payment)
        found = self._payment_rules.check(raw, path=path, index=part.payment_index, transactions=self._transactions_of_payment, total=total)
        for finding in found:
            self.log.add(finding)
        self.payments.append(
            PaymentInformation(
                index=part.payment_index,
                line=raw.line,
                payment_information_id=raw.payment_information_id,
                payment_method=raw.payment_method,
                batch_booking=raw.batch_booking,
                stated_transactions=raw.stated_transactions,
                stated_control_sum=raw.stated_control_sum,
                transactions=self._transactions_of_payment,
                control_sum=total,
                service_level=raw.service_level,
                requested_execution_date=requested_date_of(raw),
                debtor_name=raw.debtor_name,
                debtor_account=raw.debtor_account,
                debtor_agent_bic=raw.debtor_agent_bic,
                ultimate_debtor_name=raw.ultimate_debtor_name,
                charge_bearer=raw.charge_bearer,
            )
        )


def _accepted(raw: RawTransfer, minor: int, payment_index: int, transaction_index: int) -> CreditTransfer:
    assert raw.creditor_account is not None, "a transfer without a creditor account was refused"  # noqa: S101  # narrows the type
    return CreditTransfer(
        payment_index=payment_index,
        transaction_index=transaction_index,
        line=raw.line,
        instruction_id=raw.instruction_id,
        end_to_end_id=raw.end_to_end_id,
        uetr=raw.uetr,
        amount_minor=minor,
        currency=raw.currency,
        ultimate_debtor_name=raw.ultimate_debtor_name,
        creditor_name=raw.creditor_name,
        ultimate_creditor_name=raw.ultimate_creditor_name,
        creditor_account=raw.creditor_account,
        creditor_agent_bic=raw.creditor_agent_bic,
        remittance_information=raw.remittance,
        creditor_reference=raw.creditor_reference,
        referred_documents=raw.referred_documents,
        purpose=raw.purpose,
        service_level=raw.service_level,
        charge_bearer=raw.charge_bearer,
    )


def _refusal(source: bytes | BinaryIO, limits: WireLimits, contents: Contents) -> CreditTransferInitiation:
    """A file that is XML but not a pain.001 of a version we know."""
    if contents.namespace is None:
        text = f"The file has no ISO 20022 Document; its root is {contents.root}."
    elif contents.message_type is None:
        text = f"The namespace {contents.namespace[:100]!r} is not an ISO 20022 one."
    else:
        text = f"{contents.message_type[:35]} is not accepted here; {VERSIONS[0]} to {VERSIONS[-1]} are."
    log = FindingLog()
    log.add(Finding(tier=Tier.SCHEMA, code="FF01", level=Level.GROUP, path=f"/{contents.root}", line=contents.line, text=text))
    return CreditTransferInitiation(
        message_type=contents.message_type,
        business_header=None,
        header=None,
        payments=(),
        findings=log.frozen(),
        transactions=0,
        control_sum=Decimal(0),
        _kept=(),
        _source=source,
        _limits=limits,
    )


def _units(amount: str) -> int:
    """An amount as a whole number of 0.00001, the finest the schema allows: sums of these are exact in every mix of currencies.

    The schema counts the digits of the value, so any number of zeros may stand around the 18 it allows.
    """
    whole, _, fraction = amount.partition(".")
    return int(whole[-_AMOUNT_DIGITS:] + fraction[:_AMOUNT_DECIMALS].ljust(_AMOUNT_DECIMALS, "0"))


def _exact(units: int) -> Decimal:
    whole, fraction = divmod(units, 10**_AMOUNT_DECIMALS)
    digits = f"{fraction:0{_AMOUNT_DECIMALS}}".rstrip("0")
    return Decimal(f"{whole}.{digits}" if digits else str(whole))
