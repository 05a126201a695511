"""An amount is read exactly when the published document says that it will be."""

import json
from functools import cache
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from payment_engine.api.document import rendered_document
from payment_engine.money import AmountInvalid, parse_amount

CURRENCIES = ["JPY", "EUR", "KWD", "CLF"]
texts = st.from_regex(r"\A[+-]?[0-9]{0,20}([.,e][0-9]{0,6})?\Z") | st.from_regex(r"\A0{0,3}[0-9]{13,19}(\.[0-9]{0,5})?\Z")
whole_numbers = st.integers(-2, 2) | st.integers(10**13, 10**19)
currencies = st.sampled_from(CURRENCIES)


@cache
def published(component: str, member: str) -> Any:
    """What the document says of this amount beside a currency, and nothing else of the object."""
    schema = json.loads(rendered_document("json"))["components"]["schemas"][component]
    properties = {name: schema["properties"][name] for name in (member, "currency") if name in schema["properties"]}
    return jsonschema.Draft202012Validator({"properties": properties, "anyOf": schema.get("anyOf", [True])})


def is_read(value: str | int, currency: str, *, zero_allowed: bool) -> bool:
    try:
        parse_amount(value, currency, zero_allowed=zero_allowed)
    except AmountInvalid:
        return False
    return True


@settings(deadline=None)  # the first example waits for the document to be made
@given(value=texts | whole_numbers, currency=currencies)
def test_amount_of_a_payment(value: str | int, currency: str) -> None:
    document = published("PaymentInput", "amount")
    assert document.is_valid({"amount": value, "currency": currency}) == is_read(value, currency, zero_allowed=False)


@given(value=texts | whole_numbers, currency=currencies)
def test_limit_of_an_account_which_may_be_zero(value: str | int, currency: str) -> None:
    document = published("AccountInput", "overdraftLimit")
    assert document.is_valid({"overdraftLimit": value, "currency": currency}) == is_read(value, currency, zero_allowed=True)


@given(value=texts | whole_numbers)
def test_amount_without_a_currency_beside_it_is_published_for_all_of_them(value: str | int) -> None:
    document = published("AccountChange", "overdraftLimit")
    assert document.is_valid({"overdraftLimit": value}) == any(is_read(value, currency, zero_allowed=True) for currency in CURRENCIES)
