"""How amounts are published: exactly what a currency can hold, so that a body that fits the document is not refused for its amount."""

from itertools import groupby
from typing import Annotated, Final

import msgspec

from payment_engine.api.amounts import CURRENCIES, AmountInput
from payment_engine.api.json import JsonObject
from payment_engine.money import MAX_DIGITS, exponent

# Marks amounts until the currency beside them is known; it is published too, as a hint for generators of clients.
MARK: Final = "x-amount"
ZERO_ALLOWED: Final = "zero allowed"
_EXPONENTS: Final = tuple(sorted(set(map(exponent, CURRENCIES))))


def amount_schema(*digits_after_point: int) -> JsonObject:
    """Of an amount greater than zero in a currency with so many fraction digits; in any currency when none are given.

    JSON numbers with a fraction are read too (exactly); strings are the better habit.
    """
    exponents = digits_after_point or _EXPONENTS
    patterns = "|".join(_positive(MAX_DIGITS - digits, digits) for digits in exponents)
    return {
        MARK: True,
        "description": "A plain decimal greater than zero with at most the currency's fraction digits; a JSON number is read exactly.",
        "anyOf": [
            {"type": "string", "pattern": f"^0*({patterns})$"},
            {"type": "integer", "minimum": 1, "maximum": 10 ** (MAX_DIGITS - min(exponents)) - 1},
        ],
    }


def _zero_schema(*digits_after_point: int) -> JsonObject:
    """What is added to the schema of an amount that may be zero."""
    digits = max(digits_after_point or _EXPONENTS)
    fraction = rf"(\.0{{1,{digits}}})?" if digits else ""
    return {
        MARK: ZERO_ALLOWED,
        "description": "A plain decimal of zero or more with at most the currency's fraction digits; a JSON number is read exactly.",
        "anyOf": [{"type": "string", "pattern": f"^0+{fraction}$"}, {"type": "integer", "const": 0}],
    }


AmountOrZero = Annotated[AmountInput, msgspec.Meta(extra_json_schema=_zero_schema())]
"""An amount that may be zero, such as a limit. Read it with `amount_field(..., zero_allowed=True)`."""


def _schema_for(mark: object, *digits_after_point: int) -> JsonObject:
    amount = amount_schema(*digits_after_point)
    if mark != ZERO_ALLOWED:
        return amount
    zero = _zero_schema(*digits_after_point)
    return {**zero, "anyOf": [*amount["anyOf"], *zero["anyOf"]]}


def _positive(whole_digits: int, digits_after_point: int) -> str:
    whole = f"[1-9][0-9]{{0,{whole_digits - 1}}}"
    if digits_after_point == 0:
        return whole
    below_one = "|".join("0" * zeros + f"[1-9][0-9]{{0,{digits_after_point - zeros - 1}}}" for zeros in range(digits_after_point))
    return rf"{whole}(\.[0-9]{{1,{digits_after_point}}})?|0\.({below_one})"


def tie_amounts_to_currency(component: JsonObject) -> JsonObject:
    """An object with amounts and a `currency` beside them: one alternative for each number of fraction digits."""
    properties: JsonObject = component.get("properties", {})
    amounts = [name for name, schema in properties.items() if schema.get(MARK)]
    if not amounts or properties.get("currency", {}).get("enum") != list(CURRENCIES):
        return component
    by_exponent = groupby(sorted(CURRENCIES, key=exponent), key=exponent)
    alternatives = [
        {"properties": {"currency": {"enum": list(currencies)}, **{name: _schema_for(properties[name][MARK], digits) for name in amounts}}}
        for digits, currencies in by_exponent
    ]
    return {**component, "anyOf": alternatives}
