"""Tiers 3 and 4: what a schema can't say. Each rule names its code and what it takes down.

Group (the whole file is refused): empty MsgId CH21, control characters in it CH16, NbOfTxs AM19, CtrlSum AM10, too many blocks NARR.
Payment block: PmtInfId empty CH21, control characters CH16, used before in the file DU02, NbOfTxs AM20, CtrlSum AM10, unreadable date
DT01, date too far ahead CH03, debtor account missing AC02 or wrong AC01, bank RC01, payment method not of the profile AG03.
Transaction: EndToEndId empty CH21, control characters CH16, amount zero AM01, more decimals than the currency CH20, unknown currency AM03,
more than 18 digits AM12, creditor account missing AC03 or wrong AC01, bank RC01, cheque instruction CH17, currency exchange AM03,
and DU04 for a second transfer of one block with the same EndToEndId, amount and creditor account. (An EndToEndId alone may repeat:
NOTPROVIDED does by definition, and instalments of one invoice do in practice.)
A date gone by is only a warning (DT06): the payment is executed today.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from iso20022.codes import sentence
from iso20022.findings import Finding, Level, Severity, Tier
from iso20022.identifiers import bic_is_valid, iban_is_valid
from iso20022.pain001.elements import RawPayment, RawTransfer
from iso20022.pain001.profile import Profile
from iso20022.pain001.values import AccountNumber, GroupHeader
from payment_engine.money import MAX_DIGITS, exponent, is_currency

Problem = tuple[Tier, str, str, str]
"""Of a transfer: tier, code, path inside the transfer, text."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)


def requested_date_of(payment: RawPayment) -> date | None:
    """The day a block asks for. A time of day and a zone are left out: the bank's day is meant."""
    match = _DATE.fullmatch(payment.requested_date)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


class GroupRules:
    """Compares the header with what was counted."""

    def __init__(self, *, path: str) -> None:
        self._path = path

    def check(self, header: GroupHeader, *, transactions: int, total: Decimal) -> Iterator[Finding]:
        yield from self._check_id(header)
        if header.number_of_transactions != transactions:
            yield self._refuse("AM19", "NbOfTxs", header, f"stated {header.number_of_transactions}, found {transactions}")
        if header.control_sum is not None and header.control_sum != total:
            yield self._refuse("AM10", "CtrlSum", header, f"stated {header.control_sum}, found {total}")

    def too_many_payments(self, header: GroupHeader, limit: int) -> Finding:
        return self._refuse("NARR", "", header, f"the file has more than {limit} payment blocks", tier=Tier.PROFILE)

    def _check_id(self, header: GroupHeader) -> Iterator[Finding]:
        if not header.message_id.strip():
            yield self._refuse("CH21", "MsgId", header, "MsgId is empty")
        elif _CONTROL.search(header.message_id):
            yield self._refuse("CH16", "MsgId", header, "MsgId holds control characters")

    def _refuse(self, code: str, name: str, header: GroupHeader, text: str, *, tier: Tier = Tier.MESSAGE) -> Finding:
        path = f"{self._path}/{name}" if name else self._path
        return Finding(tier=tier, code=code, level=Level.GROUP, path=path, line=header.line, text=problem_text(code, text))


class PaymentRules:
    """Keeps the identifications seen in this file."""

    def __init__(self, *, profile: Profile, today: date) -> None:
        self._profile = profile
        self._today = today
        self._ids: set[str] = set()

    def check(self, payment: RawPayment, *, path: str, index: int, transactions: int, total: Decimal) -> Iterator[Finding]:
        for tier, code, name, text, severity in self._problems(payment, transactions, total):
            yield Finding(
                tier=tier,
                code=code,
                level=Level.PAYMENT,
                path=f"{path}/{name}",
                line=payment.line,
                text=problem_text(code, text),
                payment_index=index,
                severity=severity,
            )

    def _problems(self, payment: RawPayment, transactions: int, total: Decimal) -> Iterator[tuple[Tier, str, str, str, Severity]]:
        for code, name, text in self._message_problems(payment, transactions, total):
            yield Tier.MESSAGE, code, name, text, Severity.REFUSES
        if payment.payment_method not in self._profile.payment_methods:
            yield Tier.PROFILE, "AG03", "PmtMtd", f"payment method {payment.payment_method} is not offered", Severity.REFUSES
        requested = requested_date_of(payment)
        if requested is not None and requested > self._today + timedelta(days=self._profile.days_ahead):
            yield Tier.PROFILE, "CH03", "ReqdExctnDt", f"{requested} is more than {self._profile.days_ahead} days ahead", Severity.REFUSES
        elif requested is not None and requested < self._today:
            yield Tier.PROFILE, "DT06", "ReqdExctnDt", f"{requested} has passed, executed today", Severity.WARNS

    def _message_problems(self, payment: RawPayment, transactions: int, total: Decimal) -> Iterator[tuple[str, str, str]]:
        yield from self._id_problems(payment.payment_information_id)
        if payment.stated_transactions is not None and payment.stated_transactions != transactions:
            yield "AM20", "NbOfTxs", f"stated {payment.stated_transactions}, found {transactions}"
        if payment.stated_control_sum is not None and payment.stated_control_sum != total:
            yield "AM10", "CtrlSum", f"stated {payment.stated_control_sum}, found {total}"
        if requested_date_of(payment) is None:
            yield "DT01", "ReqdExctnDt", f"{payment.requested_date!r} is not a date we can use"
        if payment.debtor_account is None or not payment.debtor_account.number:
            yield "AC02", "DbtrAcct", "neither an IBAN nor an account number is given"
        elif _is_wrong_iban(payment.debtor_account):
            yield "AC01", "DbtrAcct/Id/IBAN", "the check digits or the length are wrong"
        if payment.debtor_agent_bic is not None and not bic_is_valid(payment.debtor_agent_bic):
            yield "RC01", "DbtrAgt/FinInstnId", "the BIC names no country"

    def _id_problems(self, payment_information_id: str) -> Iterator[tuple[str, str, str]]:
        if not payment_information_id.strip():
            yield "CH21", "PmtInfId", "PmtInfId is empty"
        elif _CONTROL.search(payment_information_id):
            yield "CH16", "PmtInfId", "PmtInfId holds control characters"
        if payment_information_id in self._ids:
            yield "DU02", "PmtInfId", f"{payment_information_id!r} was used by an earlier block of this file"
        self._ids.add(payment_information_id)


class TransferRules:
    """Keeps the transfers seen in the current payment block, to find one that is there twice."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._is_cheque_block = False

    def start_payment(self, payment_method: str) -> None:
        """Cheques need no creditor account and bring their own instruction; their block is for the profile to refuse or not."""
        self._is_cheque_block = payment_method == "CHK"
        self._seen.clear()

    def check(self, transfer: RawTransfer) -> tuple[list[Problem], int]:
        """The problems, and the amount in minor units, 0 where it can't be read."""
        problems: list[Problem] = []
        if not transfer.end_to_end_id.strip():
            problems.append((Tier.MESSAGE, "CH21", "PmtId/EndToEndId", "EndToEndId is empty"))
        elif _CONTROL.search(transfer.end_to_end_id) or (transfer.instruction_id and _CONTROL.search(transfer.instruction_id)):
            problems.append((Tier.MESSAGE, "CH16", "PmtId", "an identification holds control characters"))
        minor = _check_amount(transfer, problems)
        if not self._is_cheque_block:
            _check_creditor(transfer, problems)
        if transfer.has_cheque and not self._is_cheque_block:
            problems.append((Tier.MESSAGE, "CH17", "ChqInstr", "a cheque instruction belongs to payment method CHK"))
        if transfer.transfer_currency is not None and transfer.transfer_currency != transfer.currency:
            text = f"an equivalent amount to be paid in {transfer.transfer_currency} needs a currency exchange, which is not offered"
            problems.append((Tier.PROFILE, "AM03", "Amt/EqvtAmt", text))
        self._check_twin(transfer, minor, problems)
        return problems, minor

    def _check_twin(self, transfer: RawTransfer, minor: int, problems: list[Problem]) -> None:
        if transfer.end_to_end_id == "NOTPROVIDED" or transfer.creditor_account is None:
            return
        key = f"{minor} {transfer.currency} {transfer.creditor_account.number} {transfer.end_to_end_id}"
        if key in self._seen:
            text = "an earlier transfer of this block has the same EndToEndId, amount and creditor account"
            problems.append((Tier.MESSAGE, "DU04", "PmtId/EndToEndId", text))
        self._seen.add(key)


def _check_amount(transfer: RawTransfer, problems: list[Problem]) -> int:
    path = "Amt/InstdAmt" if transfer.transfer_currency is None else "Amt/EqvtAmt/Amt"
    if not is_currency(transfer.currency):
        problems.append((Tier.MESSAGE, "AM03", path, f"{transfer.currency} is not a currency in use"))
        return 0
    whole, _, fraction = transfer.amount.partition(".")
    digits = exponent(transfer.currency)
    if len(fraction) > digits:
        problems.append((Tier.MESSAGE, "CH20", path, f"{transfer.currency} has {digits} decimals, the amount has {len(fraction)}"))
        return 0
    if len(whole.lstrip("0")) + digits > MAX_DIGITS:
        problems.append((Tier.MESSAGE, "AM12", path, f"an amount has at most {MAX_DIGITS} digits"))
        return 0
    minor = int(whole + fraction.ljust(digits, "0"))
    if minor == 0:
        problems.append((Tier.MESSAGE, "AM01", path, "an amount is greater than zero"))
    return minor


def _check_creditor(transfer: RawTransfer, problems: list[Problem]) -> None:
    account = transfer.creditor_account
    if account is None or not account.number:
        problems.append((Tier.MESSAGE, "AC03", "CdtrAcct", "neither an IBAN nor an account number is given"))
    elif _is_wrong_iban(account):
        problems.append((Tier.MESSAGE, "AC01", "CdtrAcct/Id/IBAN", "the check digits or the length are wrong"))
    if transfer.creditor_agent_bic is not None and not bic_is_valid(transfer.creditor_agent_bic):
        problems.append((Tier.MESSAGE, "RC01", "CdtrAgt/FinInstnId", "the BIC names no country"))


def _is_wrong_iban(account: AccountNumber) -> bool:
    return account.is_iban and not iban_is_valid(account.number)


def problem_text(code: str, text: str) -> str:
    """The code's own sentence, then what was found."""
    return f"{sentence(code)} {text[0].upper()}{text[1:]}."
