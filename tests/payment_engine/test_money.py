from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from payment_engine.money import MAX_DIGITS, AmountInvalid, CurrencyUnknown, exponent, format_amount, is_currency, parse_amount

CURRENCIES = sorted(currency.code for currency in Currency if currency.exponent is not None)
currencies = st.sampled_from(CURRENCIES)
minor_amounts = st.integers(min_value=1, max_value=10**MAX_DIGITS - 1)


def test_exponents_are_those_of_iso_4217() -> None:
    assert {code: exponent(code) for code in ("JPY", "EUR", "KWD", "CLF")} == {"JPY": 0, "EUR": 2, "KWD": 3, "CLF": 4}


@pytest.mark.parametrize("currency", CURRENCIES)
def test_smallest_and_largest_amount_of_every_currency_survive_writing_and_reading(currency: str) -> None:
    for minor in (1, 10**MAX_DIGITS - 1):
        assert parse_amount(format_amount(minor, currency), currency) == minor


@given(currency=currencies, minor=minor_amounts)
def test_parse_undoes_format(currency: str, minor: int) -> None:
    assert parse_amount(format_amount(minor, currency), currency) == minor


@given(currency=currencies, minor=minor_amounts)
def test_format_has_exactly_the_digits_of_the_currency(currency: str, minor: int) -> None:
    whole, _, fraction = format_amount(minor, currency).partition(".")
    assert len(fraction) == exponent(currency)
    assert whole == "0" or not whole.startswith("0")


@given(currency=currencies, minor=minor_amounts)
def test_format_of_a_negative_amount_is_the_positive_one_with_a_sign(currency: str, minor: int) -> None:
    assert format_amount(-minor, currency) == "-" + format_amount(minor, currency)


@given(currency=currencies, minor=minor_amounts, zeros=st.integers(min_value=0, max_value=5))
def test_leading_zeros_change_nothing(currency: str, minor: int, zeros: int) -> None:
    assert parse_amount("0" * zeros + format_amount(minor, currency), currency) == minor


@given(currency=currencies, minor=minor_amounts)
def test_a_decimal_means_what_its_text_means(currency: str, minor: int) -> None:
    text = format_amount(minor, currency)
    assert parse_amount(Decimal(text), currency) == parse_amount(text, currency)


@given(currency=currencies, whole=st.integers(min_value=1, max_value=10**9), extra=st.text("0123456789", min_size=1, max_size=6))
def test_more_fraction_digits_than_the_currency_has_are_refused_not_rounded(currency: str, whole: int, extra: str) -> None:
    with pytest.raises(AmountInvalid):
        parse_amount(f"{whole}.{'1' * exponent(currency)}{extra}", currency)


@given(currency=currencies, minor=st.integers(min_value=10**MAX_DIGITS, max_value=10 ** (MAX_DIGITS + 6)))
def test_more_than_eighteen_digits_are_refused(currency: str, minor: int) -> None:
    with pytest.raises(AmountInvalid):
        parse_amount(format_amount(minor, currency), currency)


@given(text=st.text(max_size=30), currency=currencies)
def test_any_text_is_read_exactly_or_refused(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency)
    except AmountInvalid:
        return
    assert Decimal(text) == Decimal(format_amount(minor, currency))


@pytest.mark.parametrize(
    "text",
    ["1e2", "1E2", "NaN", "Infinity", "-1", "-0", "0", "0.00", "+1", " 1", "1 ", "1\n", "1.", ".5", "1,5", "1_000", "0x10", "", "١٢", "１"],
)
def test_what_is_not_a_plain_positive_decimal_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("10.5", "JPY"),
        (Decimal("10.5"), "JPY"),
        ("1.001", "EUR"),
        ("1.0000", "KWD"),
        ("1" * 19, "JPY"),
        ("1" * 17 + ".00", "EUR"),
        (10**18, "JPY"),
    ],
)
def test_what_the_currency_can_not_hold_is_refused(value: str | Decimal, currency: str) -> None:
    with pytest.raises(AmountInvalid):
        parse_amount(value, currency)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal(-1), Decimal("Infinity"), -1])
def test_decimals_and_integers_obey_the_same_rules(value: Decimal | int) -> None:
    with pytest.raises(AmountInvalid):
        parse_amount(value, "EUR")


def test_zero_passes_only_where_it_is_allowed() -> None:
    assert parse_amount("0.00", "EUR", zero_allowed=True) == 0
    with pytest.raises(AmountInvalid):
        parse_amount("0.00", "EUR")


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX ", "QQQ", "€"])
def test_a_currency_that_is_none_is_refused(code: str) -> None:
    assert not is_currency(code)
    with pytest.raises(CurrencyUnknown):
        parse_amount("1", code)
