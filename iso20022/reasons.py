"""Tier 5: what the posting core refused, as an ISO 20022 status reason."""

import re
from typing import Final

from payment_engine.errors import EngineError

_BY_CODE: Final = {
    "insufficient_funds": "AM04",
    "account_frozen": "AC06",
    "account_closed": "AC04",
    "currency_mismatch": "AM03",
    "limit_exceeded": "AM02",
    "same_account": "AC03",
    "amount_invalid": "AM12",
    "currency_unknown": "AM03",
    "payment_type_unknown": "AG03",
    "payment_type_inactive": "AG03",
    "uetr_used": "DU03",
}
_BY_POINTER: Final = {
    ("not_found", "/debtorAccount"): "AC02",
    ("not_found", "/creditorAccount"): "AC03",
    ("account_closed", "/creditorAccount"): "AC07",
}


_ISO: Final = re.compile(r"[A-Z]{2}[0-9]{2}", re.ASCII)


def reason_code_of_ending(reason_code: str | None) -> str:
    """Of a payment that ended later: what a rail said is a code already."""
    code = reason_code or ""
    return code if _ISO.fullmatch(code) else _BY_CODE.get(code, "NARR")


def reason_code_of(refusal: EngineError) -> str:
    """The code that says it best; NARR (see the text) for what ISO 20022 has no code for."""
    for error in refusal.errors:
        if (code := _BY_POINTER.get((refusal.code, error.pointer))) is not None:
            return code
    return _BY_CODE.get(refusal.code, "NARR")
