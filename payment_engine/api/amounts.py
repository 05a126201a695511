"""Amounts as callers write them: "1500.00", 1500 or 1500.00, kept literally until the currency is known."""

import re
from typing import Annotated, Final

import msgspec
from iso4217 import Currency

from payment_engine.api.errors import at
from payment_engine.money import AmountInvalid, CurrencyUnknown, is_currency, parse_amount

_FRACTION: Final = re.compile(r"-?[0-9]+\.[0-9]+", re.ASCII)
_SHOWN: Final = 'an amount is a decimal string such as "1500.00" or a JSON number'
# Decoding lets any text through, so that an unknown one gets its own code (currency_unknown), not a pattern's complaint.
CURRENCIES: Final = tuple(sorted(currency.code for currency in Currency if is_currency(currency.code)))
CurrencyText = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
CurrencyCode = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(CURRENCIES)})]


class AmountUnreadable(ValueError):
    """Raised while a body is decoded; becomes `amount_invalid` with the member's pointer."""


class AmountInput:
    """The literal of an amount in a body. Whether it is a right amount depends on the currency: see `amount_field`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, value: object) -> "AmountInput":
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return cls(str(value))
        raise AmountUnreadable(_SHOWN)

    @classmethod
    def of_number(cls, literal: str) -> "AmountInput":
        """Of a JSON number with a point or exponent. 10.0 is the number 10, so zeros at its end are not fraction digits."""
        return cls(literal.rstrip("0").rstrip(".") if _FRACTION.fullmatch(literal) else literal)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AmountInput) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"AmountInput({self.text!r})"


def amount_field(
    value: AmountInput, currency: str, *, pointer: str = "/amount", currency_pointer: str = "/currency", zero_allowed: bool = False
) -> int:
    """Minor units of an amount of a body; its errors point to the member."""
    try:
        return parse_amount(value.text, currency, zero_allowed=zero_allowed)
    except AmountInvalid as error:
        raise at(pointer, error) from None
    except CurrencyUnknown as error:
        raise at(currency_pointer, error) from None
