"""Exact money: BIGINT minor units inside, decimal strings outside, never a float.

Exponents come from the ISO 4217 list of the `iso4217` package (JPY 0, EUR 2, KWD 3, CLF 4).
"""

import re
from decimal import Decimal
from typing import Final

from iso4217 import Currency

from payment_engine.errors import ValidationFailed

MAX_DIGITS: Final = 18
_EXPONENTS: Final[dict[str, int]] = {c.code: c.exponent for c in Currency if c.exponent is not None}
_AMOUNT: Final = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)


class AmountInvalid(ValidationFailed):
    """An amount is a plain decimal, above zero, of at most 18 digits, with no more of them after the point than its currency has."""

    code, title = "amount_invalid", "Amount invalid"


class CurrencyUnknown(ValidationFailed):
    """Currencies are the three-letter codes of ISO 4217 that are in use."""

    code, title = "currency_unknown", "Currency unknown"


def exponent(currency: str) -> int:
    """Digits after the decimal point that ISO 4217 gives the currency; raises CurrencyUnknown."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise CurrencyUnknown(f"{currency!r} is not an ISO 4217 currency code in use") from None


def is_currency(code: str) -> bool:
    return code in _EXPONENTS


def parse_amount(value: str | int | Decimal, currency: str, *, zero_allowed: bool = False) -> int:
    """Minor units of a plain decimal such as "1500.00"; raises AmountInvalid or CurrencyUnknown.

    Refused rather than rounded: more fraction digits than the currency has, exponents, signs, NaN, more than
    18 digits, and zero unless `zero_allowed`.
    """
    digits_after_point = exponent(currency)
    text = format(value, "f") if isinstance(value, Decimal) else str(value)  # format() would take an int through a float
    if (match := _AMOUNT.fullmatch(text)) is None:
        raise AmountInvalid('an amount is a plain positive decimal number such as "1500.00"')
    whole, fraction = match[1].lstrip("0") or "0", match[2] or ""  # int() refuses thousands of digits, also of zeros
    if len(fraction) > digits_after_point:
        raise AmountInvalid(f"{currency} has {digits_after_point} digits after the decimal point, the amount has {len(fraction)}")
    if len(whole) + len(fraction) > MAX_DIGITS:
        raise AmountInvalid(f"an amount has at most {MAX_DIGITS} digits")
    minor = int(whole + fraction.ljust(digits_after_point, "0"))
    if minor >= 10**MAX_DIGITS:
        raise AmountInvalid(f"an amount has at most {MAX_DIGITS} digits counted in the currency's smallest unit")
    if minor == 0 and not zero_allowed:
        raise AmountInvalid("an amount is greater than zero")
    return minor


def format_amount(minor: int, currency: str) -> str:
    """The decimal string with exactly the currency's digits: (1500, "EUR") → "15.00", (1500, "JPY") → "1500"."""
    digits_after_point = exponent(currency)
    sign, digits = ("-", str(-minor)) if minor < 0 else ("", str(minor))
    if digits_after_point == 0:
        return sign + digits
    digits = digits.rjust(digits_after_point + 1, "0")
    return f"{sign}{digits[:-digits_after_point]}.{digits[-digits_after_point:]}"
