"""From a schema-valid element to plain values in one pass over its children. No rule is applied here but the shape of a text."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lxml import etree
from msgspec import Struct

from iso20022.pain001.values import AccountNumber, GroupHeader
from iso20022.paths import line_of

_WHITESPACE: Final = " \t\r\n"
_PLAIN: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NAME: Final = len("{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}")
"""Where the local name starts in a tag: the namespaces of all versions are equally long."""


class RawTransfer(Struct, gc=False):
    """What a `CdtTrfTxInf` holds, before any rule."""

    line: int
    instruction_id: str | None = None
    end_to_end_id: str = ""
    uetr: str | None = None
    amount: str = ""
    """Digits with an optional fraction."""
    currency: str = ""
    transfer_currency: str | None = None
    """`EqvtAmt/CcyOfTrf`: the amount is an equivalent in `currency`, to be paid in this one."""
    ultimate_debtor_name: str | None = None
    creditor_name: str | None = None
    ultimate_creditor_name: str | None = None
    creditor_account: AccountNumber | None = None
    creditor_agent_bic: str | None = None
    remittance: str | None = None
    creditor_reference: str | None = None
    referred_documents: tuple[str, ...] = ()
    purpose: str | None = None
    service_level: str | None = None
    charge_bearer: str | None = None
    has_cheque: bool = False


@dataclass(slots=True)
class RawPayment:
    """What a `PmtInf` holds besides its transfers, before any rule."""

    line: int
    payment_information_id: str = ""
    payment_method: str = ""
    batch_booking: bool | None = None
    stated_transactions: int | None = None
    stated_control_sum: Decimal | None = None
    service_level: str | None = None
    requested_date: str = ""
    debtor_name: str | None = None
    debtor_account: AccountNumber | None = None
    debtor_agent_bic: str | None = None
    ultimate_debtor_name: str | None = None
    charge_bearer: str | None = None


def group_header_of(element: etree._Element) -> GroupHeader:
    values: dict[str, str] = {}
    party_name = party_id = None
    for child in element:
        name = child.tag[_NAME:]
        values[name] = child.text or ""
        if name == "InitgPty":
            party_name = _text(_child(child, "Nm"))
            party_id = _first_identification(_child(child, "Id"))
    return GroupHeader(
        message_id=values["MsgId"],
        created=values["CreDtTm"].strip(_WHITESPACE),
        number_of_transactions=int(values["NbOfTxs"]),
        control_sum=_decimal(values["CtrlSum"]) if "CtrlSum" in values else None,
        initiating_party_name=party_name,
        initiating_party_id=party_id,
        line=line_of(element),
    )


def payment_of(element: etree._Element) -> RawPayment:  # noqa: C901, PLR0912  # one flat case per element; splitting it would hide the list
    payment = RawPayment(line=line_of(element))
    for child in element:
        match child.tag[_NAME:]:
            case "CdtTrfTxInf":
                break
            case "PmtInfId":
                payment.payment_information_id = child.text or ""
            case "PmtMtd":
                payment.payment_method = child.text or ""
            case "BtchBookg":
                payment.batch_booking = (child.text or "").strip(_WHITESPACE) in ("true", "1")
            case "NbOfTxs":
                payment.stated_transactions = int(child.text or "0")
            case "CtrlSum":
                payment.stated_control_sum = _decimal(child.text or "0")
            case "PmtTpInf":
                payment.service_level = _service_level(child)
            case "ReqdExctnDt":
                payment.requested_date = ((child[0].text if len(child) else child.text) or "").strip(_WHITESPACE)
            case "Dbtr":
                payment.debtor_name = _name(child)
            case "DbtrAcct":
                payment.debtor_account = _account(child)
            case "DbtrAgt":
                payment.debtor_agent_bic = _agent_bic(child)
            case "UltmtDbtr":
                payment.ultimate_debtor_name = _name(child)
            case "ChrgBr":
                payment.charge_bearer = child.text
    return payment


def payment_method_of(transfer: etree._Element) -> str:
    """`PmtMtd` of the block a transfer stands in, which comes before it."""
    payment = transfer.getparent()
    method = _child(payment, "PmtMtd") if payment is not None else None
    return (method.text or "") if method is not None else ""


def transfer_of(element: etree._Element) -> RawTransfer:  # noqa: C901, PLR0912  # as payment_of
    transfer = RawTransfer(line_of(element))
    for child in element:
        match child.tag[_NAME:]:
            case "PmtId":
                _read_identification(child, transfer)
            case "Amt":
                _read_amount(child[0], transfer)
            case "ChrgBr":
                transfer.charge_bearer = child.text
            case "CdtrAgt":
                transfer.creditor_agent_bic = _agent_bic(child)
            case "Cdtr":
                transfer.creditor_name = _name(child)
            case "CdtrAcct":
                transfer.creditor_account = _account(child)
            case "RmtInf":
                _read_remittance(child, transfer)
            case "Purp":
                transfer.purpose = _text(child[0])
            case "PmtTpInf":
                transfer.service_level = _service_level(child)
            case "UltmtDbtr":
                transfer.ultimate_debtor_name = _name(child)
            case "UltmtCdtr":
                transfer.ultimate_creditor_name = _name(child)
            case "ChqInstr":
                transfer.has_cheque = True
    return transfer


def _read_identification(element: etree._Element, transfer: RawTransfer) -> None:
    for child in element:
        match child.tag[_NAME:]:
            case "EndToEndId":
                transfer.end_to_end_id = child.text or ""
            case "InstrId":
                transfer.instruction_id = child.text
            case "UETR":
                transfer.uetr = child.text


def _read_amount(element: etree._Element, transfer: RawTransfer) -> None:
    if element.tag[_NAME:] == "EqvtAmt":
        element, currency_of_transfer = element[0], element[1]
        transfer.transfer_currency = currency_of_transfer.text
    transfer.amount = plain_decimal(element.text or "")
    transfer.currency = element.get("Ccy", "")


def _read_remittance(element: etree._Element, transfer: RawTransfer) -> None:
    if len(element) == 1 and element[0].tag[_NAME:] == "Ustrd":  # nearly always
        transfer.remittance = element[0].text or None
        return
    texts: list[str] = []
    documents: list[str] = []
    references: list[str] = []
    for child in element:
        if child.tag[_NAME:] == "Ustrd":
            texts.append(child.text or "")
            continue
        for part in child:
            match part.tag[_NAME:]:
                case "CdtrRefInf":
                    references.append(_text(_child(part, "Ref")) or "")
                case "RfrdDocInf":
                    documents.append(_text(_child(part, "Nb")) or "")
                case "AddtlRmtInf":
                    texts.append(part.text or "")
    references = [reference for reference in references if reference]
    transfer.creditor_reference = references[0] if references else None
    transfer.remittance = " ".join(filter(None, [*texts, *references[1:]])) or None  # a payment has one reference: others stay readable
    transfer.referred_documents = tuple(filter(None, documents))


def _account(element: etree._Element) -> AccountNumber | None:
    """None where only a proxy (a telephone number, an e-mail address) names the account."""
    identification = _child(element, "Id")
    if identification is None:
        return None
    kind, currency = identification[0], _text(_child(element, "Ccy"))
    if kind.tag[_NAME:] == "IBAN":
        return AccountNumber(number=(kind.text or "").upper(), is_iban=True, currency=currency)
    return AccountNumber(number=(kind[0].text or "").strip(_WHITESPACE), is_iban=False, currency=currency)


def _agent_bic(element: etree._Element) -> str | None:
    for child in element[0]:
        if child.tag[_NAME:] in ("BICFI", "BIC"):
            return child.text
    return None


def _name(party: etree._Element) -> str | None:
    """None also for a name of spaces alone, which the schema allows."""
    return (_text(_child(party, "Nm")) or "").strip(_WHITESPACE) or None


def _service_level(element: etree._Element) -> str | None:
    level = _child(element, "SvcLvl")
    return _text(level[0]) if level is not None else None


def _first_identification(element: etree._Element | None) -> str | None:
    """The first code under `InitgPty/Id`: a BIC, an LEI, or an identification somebody issued."""
    for found in element.iterdescendants() if element is not None else ():
        if not len(found) and found.text:
            return found.text
    return None


def _child(element: etree._Element, name: str) -> etree._Element | None:
    for child in element:
        if child.tag[_NAME:] == name:
            return child
    return None


def _text(element: etree._Element | None) -> str | None:
    return element.text if element is not None else None


def _decimal(text: str) -> Decimal:
    return Decimal(text.strip(_WHITESPACE))


def plain_decimal(text: str) -> str:
    """XML Schema's spellings of a decimal (` +1.50 `, `.5`, `5.`, `-0`, zeros in front) as digits with an optional fraction."""
    if _PLAIN.fullmatch(text):
        return text
    plain = text.strip(_WHITESPACE).removeprefix("+")
    if not plain.strip("-.0"):
        plain = plain.removeprefix("-")
    whole, _, fraction = plain.partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole
