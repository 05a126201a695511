"""Small pain.001 files for tests, with plain defaults."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

FILES = Path(__file__).parent / "files"
TODAY = date(2026, 11, 21)
SOON = max(TODAY, date.today()) + timedelta(days=3)  # noqa: DTZ011  # days away from midnight, in whatever zone
DEBTOR_IBAN = "DE89370400440532013000"
CREDITOR_IBAN = "AT611904300234573201"
NEXT_DOOR = "GB33BUKB20201555555555"


def transfer(
    end_to_end_id: str = "E1",
    *,
    amount: str = "10.00",
    currency: str = "EUR",
    account: str = f"<IBAN>{CREDITOR_IBAN}</IBAN>",
    account_currency: str = "",
    name: str = "Bob",
    before: str = "",
    after: str = "",
) -> str:
    creditor_account = f"<CdtrAcct><Id>{account}</Id>{_currency(account_currency)}</CdtrAcct>" if account else ""
    return f"""
<CdtTrfTxInf><PmtId><EndToEndId>{end_to_end_id}</EndToEndId></PmtId><Amt><InstdAmt Ccy="{currency}">{amount}</InstdAmt></Amt>{before}
<Cdtr><Nm>{name}</Nm></Cdtr>{creditor_account}{after}</CdtTrfTxInf>"""


def payment(
    *transfers: str,
    payment_information_id: str = "P1",
    method: str = "TRF",
    counts: str = "",
    requested: str = f"<Dt>{SOON}</Dt>",
    account: str = f"<IBAN>{DEBTOR_IBAN}</IBAN>",
    account_currency: str = "",
    bic: str = "COBADEFFXXX",
) -> str:
    return f"""<PmtInf><PmtInfId>{payment_information_id}</PmtInfId><PmtMtd>{method}</PmtMtd>{counts}
<ReqdExctnDt>{requested}</ReqdExctnDt><Dbtr><Nm>Acme</Nm></Dbtr><DbtrAcct><Id>{account}</Id>{_currency(account_currency)}</DbtrAcct>
<DbtrAgt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></DbtrAgt>{"".join(transfers)}
</PmtInf>"""


def _currency(code: str) -> str:
    return f"<Ccy>{code}</Ccy>" if code else ""


def pain001(
    *payments: str,
    message_id: str = "M1",
    number: int | str | None = None,
    control_sum: str = "",
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
    version: str = "09",
    after: str = "",
) -> bytes:
    payments = payments or (payment(transfer()),)
    count = sum(text.count("<CdtTrfTxInf>") for text in payments) if number is None else number
    total = f"<CtrlSum>{control_sum}</CtrlSum>" if control_sum else ""
    return f"""{prolog}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}"><CstmrCdtTrfInitn>
<GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-21T10:00:00Z</CreDtTm><NbOfTxs>{count}</NbOfTxs>{total}<InitgPty><Nm>Acme</Nm></InitgPty></GrpHdr>
{"".join(payments)}{after}</CstmrCdtTrfInitn></Document>""".encode()


def many_transfers(count: int) -> Sequence[str]:
    return [transfer(f"E{index}", amount=f"{index + 1}.00") for index in range(count)]
