"""camt.053, BankToCustomerStatement: one account on one bank day, opening balance to closing balance."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from msgspec import Struct
from stdnum import iso11649

from iso20022.errors import EmittedMessageInvalid
from iso20022.schemas import namespace_of
from iso20022.selfcheck import assert_valid
from iso20022.xmltext import date_time, element, segments
from payment_engine.money import format_amount

DEFAULT_VERSION: Final = "camt.053.001.08"
VERSIONS: Final = ("camt.053.001.02", "camt.053.001.08")
_QR_REFERENCE: Final = re.compile(r"[0-9]{27}", re.ASCII)
_UNSTRUCTURED_LENGTH: Final = 140
_SUM_LIMIT: Final = 10**18


class BankTransactionCode(Struct, frozen=True, kw_only=True, gc=False):
    """Domain, family and sub-family of the ISO external code set."""

    domain: str
    family: str
    sub_family: str


ISSUED_CREDIT_TRANSFER: Final = BankTransactionCode(domain="PMNT", family="ICDT", sub_family="ESCT")
RECEIVED_CREDIT_TRANSFER: Final = BankTransactionCode(domain="PMNT", family="RCDT", sub_family="ESCT")
ISSUED_INTERNAL_TRANSFER: Final = BankTransactionCode(domain="PMNT", family="ICDT", sub_family="BOOK")
RECEIVED_INTERNAL_TRANSFER: Final = BankTransactionCode(domain="PMNT", family="RCDT", sub_family="BOOK")
FEE: Final = BankTransactionCode(domain="PMNT", family="MDOP", sub_family="FEES")
OTHER: Final = BankTransactionCode(domain="PMNT", family="OTHR", sub_family="OTHR")


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """One booked posting, credit positive. Names and accounts are those of the other party."""

    reference: str
    """Our own reference, at most 35 characters."""
    amount_minor: int
    booking_date: date
    value_date: date
    bank_transaction_code: BankTransactionCode
    is_reversal: bool = False
    message_id: str | None = None
    payment_information_id: str | None = None
    instruction_id: str | None = None
    end_to_end_id: str | None = None
    uetr: str | None = None
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    counterparty_has_iban: bool = False
    remittance_information: str | None = None
    creditor_reference: str | None = None
    ultimate_debtor_name: str | None = None
    ultimate_creditor_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`sequence_number` counts the statements of the account and is never used twice. Balances are credit positive."""

    message_id: str
    created_at: datetime
    statement_id: str
    sequence_number: int | None = None
    day: date
    account_number: str
    has_iban: bool
    currency: str
    owner_name: str | None = None
    servicer_bic: str | None = None
    opening_minor: int
    closing_minor: int
    entries: Sequence[Entry]


def write_camt053(statement: Statement, *, version: str = DEFAULT_VERSION) -> bytes:
    """The message, checked against its schema and its own arithmetic: raises EmittedMessageInvalid instead of returning a wrong one."""
    if statement.opening_minor + sum(entry.amount_minor for entry in statement.entries) != statement.closing_minor:
        raise EmittedMessageInvalid(f"{version}: opening balance and entries do not make the closing balance of {statement.statement_id}")
    document = "".join(_document(statement, version)).encode()
    assert_valid(document, version)
    return document


def _document(statement: Statement, version: str) -> Iterator[str]:
    created = date_time(statement.created_at)
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace_of(version)}"><BkToCstmrStmt>\n'
    yield f"<GrpHdr>{element('MsgId', statement.message_id)}<CreDtTm>{created}</CreDtTm></GrpHdr>\n"
    yield f"<Stmt>{element('Id', statement.statement_id)}"
    if statement.sequence_number is not None:
        yield f"<ElctrncSeqNb>{statement.sequence_number}</ElctrncSeqNb>"
    yield f"<CreDtTm>{created}</CreDtTm>"
    yield f"<FrToDt><FrDtTm>{statement.day}T00:00:00Z</FrDtTm><ToDtTm>{statement.day}T23:59:59.999Z</ToDtTm></FrToDt>\n"
    yield _account(statement, version)
    yield _balance("OPBD", statement.opening_minor, statement)
    yield _balance("CLBD", statement.closing_minor, statement)
    yield _summary(statement)
    for entry in statement.entries:
        yield _entry(entry, statement.currency, version)
    yield "</Stmt></BkToCstmrStmt></Document>\n"


def _account(statement: Statement, version: str) -> str:
    owner = f"<Ownr>{element('Nm', statement.owner_name[:140])}</Ownr>" if statement.owner_name else ""
    servicer = (
        f"<Svcr><FinInstnId>{element(_bic_name(version), statement.servicer_bic)}</FinInstnId></Svcr>" if statement.servicer_bic else ""
    )
    identification = _account_id(statement.account_number, has_iban=statement.has_iban)
    return f"<Acct>{identification}<Ccy>{statement.currency}</Ccy>{owner}{servicer}</Acct>\n"


def _balance(code: str, minor: int, statement: Statement) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, statement.currency)}{_indicator(minor)}"
        f"<Dt><Dt>{statement.day}</Dt></Dt></Bal>\n"
    )


def _summary(statement: Statement) -> str:
    credits_ = [entry.amount_minor for entry in statement.entries if entry.amount_minor >= 0]
    debits = [-entry.amount_minor for entry in statement.entries if entry.amount_minor < 0]
    return (
        f"<TxsSummry><TtlCdtNtries>{_count_and_sum(credits_, statement.currency)}</TtlCdtNtries>"
        f"<TtlDbtNtries>{_count_and_sum(debits, statement.currency)}</TtlDbtNtries></TxsSummry>\n"
    )


def _count_and_sum(amounts: list[int], currency: str) -> str:
    total = sum(amounts)
    return f"<NbOfNtries>{len(amounts)}</NbOfNtries>" + (f"<Sum>{format_amount(total, currency)}</Sum>" if total < _SUM_LIMIT else "")


def _entry(entry: Entry, currency: str, version: str) -> str:
    amount, indicator = _amount(entry.amount_minor, currency), _indicator(entry.amount_minor)
    is_2009 = version == "camt.053.001.02"
    code = entry.bank_transaction_code
    reversal = "<RvslInd>true</RvslInd>" if entry.is_reversal else ""
    status = "<Sts>BOOK</Sts>" if is_2009 else "<Sts><Cd>BOOK</Cd></Sts>"
    details = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>" if is_2009 else f"{amount}{indicator}"
    return (
        f"<Ntry>{amount}{indicator}{reversal}{status}"
        f"<BookgDt><Dt>{entry.booking_date}</Dt></BookgDt><ValDt><Dt>{entry.value_date}</Dt></ValDt>"
        f"{element('AcctSvcrRef', entry.reference)}"
        f"<BkTxCd><Domn><Cd>{code.domain}</Cd><Fmly><Cd>{code.family}</Cd><SubFmlyCd>{code.sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs>{element('MsgId', entry.message_id)}"
        f"{element('PmtInfId', entry.payment_information_id)}{element('InstrId', entry.instruction_id)}"
        f"{element('EndToEndId', entry.end_to_end_id)}{'' if is_2009 else element('UETR', entry.uetr)}</Refs>"
        f"{details}{_parties(entry, is_2009=is_2009)}{_remittance(entry)}</TxDtls></NtryDtls></Ntry>\n"
    )


def _parties(entry: Entry, *, is_2009: bool) -> str:
    """The other side (who was paid when our account was debited, who paid when it was credited), and on whose behalf either acted."""
    side = "Dbtr" if (entry.amount_minor >= 0) != entry.is_reversal else "Cdtr"
    other = _party(side, entry.counterparty_name, is_2009=is_2009)
    if entry.counterparty_account:
        other += f"<{side}Acct>{_account_id(entry.counterparty_account, has_iban=entry.counterparty_has_iban)}</{side}Acct>"
    ultimate_debtor = _party("UltmtDbtr", entry.ultimate_debtor_name, is_2009=is_2009)
    parties = f"{other}{ultimate_debtor}" if side == "Dbtr" else f"{ultimate_debtor}{other}"
    parties += _party("UltmtCdtr", entry.ultimate_creditor_name, is_2009=is_2009)
    return f"<RltdPties>{parties}</RltdPties>" if parties else ""


def _party(role: str, name: str | None, *, is_2009: bool) -> str:
    written = element("Nm", (name or "")[:140])
    if not written:
        return ""
    return f"<{role}>{written}</{role}>" if is_2009 else f"<{role}><Pty>{written}</Pty></{role}>"


def _remittance(entry: Entry) -> str:
    text = "".join(element("Ustrd", piece) for piece in segments(entry.remittance_information or "", _UNSTRUCTURED_LENGTH))
    reference = (
        f"<Strd><CdtrRefInf>{_reference_type(entry.creditor_reference)}{element('Ref', entry.creditor_reference)}</CdtrRefInf></Strd>"
        if entry.creditor_reference
        else ""
    )
    return f"<RmtInf>{text}{reference}</RmtInf>" if text or reference else ""


def _reference_type(reference: str) -> str:
    """SCOR is a creditor reference of ISO 11649, QRR that of a Swiss QR-bill; of any other the kind is not known."""
    if iso11649.is_valid(reference):
        kind = "<Cd>SCOR</Cd>"
    elif _QR_REFERENCE.fullmatch(reference):
        kind = "<Prtry>QRR</Prtry>"
    else:
        return ""
    return f"<Tp><CdOrPrtry>{kind}</CdOrPrtry></Tp>"


def _account_id(number: str, *, has_iban: bool) -> str:
    return f"<Id>{element('IBAN', number)}</Id>" if has_iban else f"<Id><Othr>{element('Id', number)}</Othr></Id>"


def _amount(minor: int, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{format_amount(abs(minor), currency)}</Amt>'


def _indicator(minor: int) -> str:
    return "<CdtDbtInd>DBIT</CdtDbtInd>" if minor < 0 else "<CdtDbtInd>CRDT</CdtDbtInd>"


def _bic_name(version: str) -> str:
    return "BIC" if version == "camt.053.001.02" else "BICFI"
