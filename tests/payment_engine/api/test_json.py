from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.http import UnreadablePostError
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from payment_engine.api.amounts import AmountInput, amount_field
from payment_engine.api.errors import (
    LengthRequired,
    MalformedJson,
    PayloadTooLarge,
    UnknownField,
    UnsupportedMediaType,
)
from payment_engine.api.json import Input, decode, decode_body, json_response, read_body
from payment_engine.errors import EngineError, Malformed, ValidationFailed
from payment_engine.money import AmountInvalid, CurrencyUnknown, format_amount
from tests.payment_engine.api.site import ToyInput

VALID = b'{"toyName": "bear", "amount": "10.00", "currency": "EUR"}'


class Line(Input, frozen=True, kw_only=True):
    line_amount: AmountInput | None = None


class Order(Input, frozen=True, kw_only=True):
    lines: list[Line]
    anything: Any = None


def with_member(member: str) -> bytes:
    return VALID[:-1] + b", " + member.encode() + b"}"


def refusal(body: bytes, expected: type[object] = ToyInput) -> EngineError:
    with pytest.raises(EngineError) as caught:
        decode(body, expected)
    return caught.value


def pointers(error: EngineError) -> list[tuple[str, str]]:
    return [(field.pointer, field.code) for field in error.errors]


def test_a_body_becomes_a_frozen_struct() -> None:
    assert decode(VALID, ToyInput) == ToyInput(toy_name="bear", amount=AmountInput("10.00"), currency="EUR")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        VALID + b"x",
        b"\xef\xbb\xbf{}",
        b'{"amount": NaN}',
        b'{"amount": Infinity}',
        b'{"amount": 01}',
        b'{"amount": 1.}',
        b'{"amount": +1}',
        b'{"amount": ' + b"[" * 100_000,
        b"{'amount': 1}",
        b'{"toyName": "\xff"}',
        b'{"toyName": "\xed\xa0\x80"}',
        b'{"toyName": "\\ud800"}',
        b'{"toyName": "a\x00b"}',
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    assert type(refusal(body)) is MalformedJson


@pytest.mark.parametrize(
    ("anything", "name"),
    [
        (r'{"a": 1, "a": 1}', "a"),
        (r'[[{"b": "x:y", "b": ":"}]]', "b"),
        (r'{"c": 1, "\u0063": "two spellings of one name"}', "c"),
    ],
)
def test_a_member_given_twice_is_malformed(anything: str, name: str) -> None:
    with pytest.raises(MalformedJson, match=f"'{name}' is given twice"):
        decode(f'{{"lines": [], "anything": {anything}}}'.encode(), Order)


def test_an_amount_given_twice_is_malformed() -> None:
    assert refusal(with_member('"amount": "5.00"')).detail == "the member 'amount' is given twice in one object"


@pytest.mark.parametrize("anything", [r'{"a": ":", "b:": {"a": [{"a": 1.5}, {"a": 1e3}]}}', r'{"a\":\"": "\"a\": 1"}', "{}", '":"'])
def test_one_name_in_several_objects_and_colons_in_texts_are_fine(anything: str) -> None:
    decode(f'{{"lines": [], "anything": {anything}}}'.encode(), Order)


def test_malformed_json_says_where() -> None:
    assert "byte 16" in refusal(b'{"toyName": nothing}').detail


@pytest.mark.parametrize(
    ("member", "pointer"),
    [('"x": 1', "/x"), ('"a/b~c": 1', "/a~1b~0c"), ('"toy_name": "x"', "/toy_name"), ('"` - at `$.x`": 1', "/` - at `$.x`")],
)
def test_unknown_members_are_refused_by_name(member: str, pointer: str) -> None:
    error = refusal(with_member(member))
    assert (type(error), pointers(error)) == (UnknownField, [(pointer, "unknown_field")])


def test_an_unknown_member_deep_inside_is_refused_with_its_path() -> None:
    assert pointers(refusal(b'{"lines": [{}, {"x": 1}]}', Order)) == [("/lines/1/x", "unknown_field")]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"{}", "/toyName", "required"),
        (b"[]", "", "validation_failed"),
        (b"null", "", "validation_failed"),
        (with_member('"colour": "GREEN"'), "/colour", "validation_failed"),
        (with_member('"metadata": {"key": 1}'), "/metadata", "validation_failed"),
        (with_member('"material": "GOLD"'), "/material", "validation_failed"),
        (with_member('"note": 1.5'), "/note", "validation_failed"),
        (with_member('"note": "' + "x" * 141 + '"'), "/note", "validation_failed"),
        (b'{"toyName": "", "amount": "1", "currency": "EUR"}', "/toyName", "validation_failed"),
    ],
)
def test_a_missing_member_or_a_wrong_type_fails_validation_with_its_pointer(body: bytes, pointer: str, code: str) -> None:
    error = refusal(body)
    assert (type(error), pointers(error)) == (ValidationFailed, [(pointer, code)])


@pytest.mark.parametrize(
    ("member", "pointer"),
    [('"note": "a\\u0000b"', "/note"), ('"metadata": {"k": "\\u0000"}', "/metadata/k"), ('"metadata": {"\\u0000": "v"}', "/metadata")],
)
def test_nul_characters_are_refused_with_their_pointer(member: str, pointer: str) -> None:
    error = refusal(with_member(member))
    assert (type(error), pointers(error)) == (ValidationFailed, [(pointer, "character_invalid")])


def test_nul_in_free_form_members_is_found_too() -> None:
    assert pointers(refusal(b'{"lines": [], "anything": {"a": ["\\u0000"]}}', Order)) == [("/anything/a/0", "character_invalid")]


def test_the_six_characters_that_only_look_like_nul_are_text() -> None:
    assert decode(with_member(r'"note": "a\\u0000b"'), ToyInput).note == r"a\u0000b"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("10", "10"),
        ("10.50", "10.5"),
        ("10.0", "10"),
        ("1500.00", "1500"),
        ('"10.0"', "10.0"),
        ("1.50e0", "1.50e0"),
        ('"10.50"', "10.50"),
        ("0.1", "0.1"),
        ("100000000000000000.01", "100000000000000000.01"),
        ("1e2", "1e2"),
        ("-1", "-1"),
    ],
)
def test_amounts_keep_their_literal(written: str, text: str) -> None:
    assert decode(f'{{"lines": [{{"lineAmount": {written}}}]}}'.encode(), Order).lines[0].line_amount == AmountInput(text)


@pytest.mark.parametrize("written", ["true", "[]", "{}", '["1"]'])
def test_what_can_be_no_amount_is_amount_invalid_with_its_pointer(written: str) -> None:
    error = refusal(f'{{"lines": [{{"lineAmount": {written}}}]}}'.encode(), Order)
    assert (type(error), pointers(error)) == (AmountInvalid, [("/lines/0/lineAmount", "amount_invalid")])


def test_an_amount_that_may_be_absent_may_be_null() -> None:
    assert decode(b'{"lines": [{"lineAmount": null}]}', Order).lines[0].line_amount is None


@pytest.mark.parametrize(
    "written",
    [
        "1e2",
        "1E2",
        '"1e2"',
        "1.5e0",
        '"NaN"',
        "-1",
        "-0",
        "-0.0",
        "0",
        "0.00",
        "9999999999999999999",
        '"+1"',
        '" 1"',
        '"١"',
        '"1."',
        "1e99999",
    ],
)
def test_amounts_that_are_not_plain_positive_decimals_are_refused(written: str) -> None:
    amount = decode(f'{{"lines": [{{"lineAmount": {written}}}]}}'.encode(), Order).lines[0].line_amount
    assert amount is not None
    with pytest.raises(AmountInvalid) as caught:
        amount_field(amount, "EUR", pointer="/lines/0/lineAmount")
    assert pointers(caught.value) == [("/lines/0/lineAmount", "amount_invalid")]


def test_a_number_beyond_all_bounds_is_malformed_not_a_fault() -> None:
    assert refusal(b'{"lines": [{"lineAmount": 1e' + b"9" * 40 + b"}]}", Order).status in {400, 422}


def test_more_digits_than_the_currency_has_are_refused() -> None:
    with pytest.raises(AmountInvalid):
        amount_field(AmountInput("10.5"), "JPY")


def test_an_unknown_currency_points_to_the_currency() -> None:
    with pytest.raises(CurrencyUnknown) as caught:
        amount_field(AmountInput("10.5"), "QQQ")
    assert pointers(caught.value) == [("/currency", "currency_unknown")]


@given(minor=st.integers(min_value=1, max_value=10**18 - 1), quoted=st.booleans())
def test_no_digit_is_lost_on_the_way_in(minor: int, *, quoted: bool) -> None:
    text = format_amount(minor, "EUR")
    written = f'"{text}"' if quoted else text
    body = f'{{"lines": [{{"lineAmount": {written}}}]}}'
    amount = decode(body.encode(), Order).lines[0].line_amount
    assert amount is not None
    assert amount_field(amount, "EUR") == minor


def test_free_form_numbers_stay_exact() -> None:
    assert decode(b'{"lines": [], "anything": [0.10, 1]}', Order).anything == [Decimal("0.10"), 1]


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_politely(body: bytes) -> None:
    with pytest.raises(EngineError):
        decode(body, ToyInput)


class TestReading:
    def test_the_announced_length_is_checked_before_reading(self) -> None:
        request = RequestFactory().post("/api/v1/x", b"x" * 11, content_type="application/json")
        with pytest.raises(PayloadTooLarge):
            read_body(request, limit_bytes=10)
        assert not hasattr(request, "_body")

    def test_a_body_of_exactly_the_limit_is_read(self) -> None:
        assert read_body(RequestFactory().post("/x", b"x" * 10, content_type="application/json"), limit_bytes=10) == b"x" * 10

    def test_the_usual_limit_is_a_setting(self) -> None:
        with pytest.raises(PayloadTooLarge):
            read_body(RequestFactory().post("/x", b"x" * ((1 << 20) + 1), content_type="application/json"))

    @pytest.mark.parametrize("length", ["-1", "abc", "9" * 30, "0" * 20 + "99", "١"])
    def test_a_strange_length_is_refused(self, length: str) -> None:
        request = RequestFactory().post("/x", b"{}", content_type="application/json")
        request.META["CONTENT_LENGTH"] = length
        with pytest.raises(Malformed):
            read_body(request)

    @pytest.mark.parametrize("coding", ["gzip", "br", "gzip, identity"])
    def test_a_coded_body_is_refused(self, coding: str) -> None:
        request = RequestFactory().post("/", VALID, content_type="application/json", headers={"Content-Encoding": coding})
        with pytest.raises(UnsupportedMediaType):
            read_body(request)

    def test_a_chunked_body_needs_a_length(self) -> None:
        request = RequestFactory().post("/x", b"{}", content_type="application/json", HTTP_TRANSFER_ENCODING="chunked")
        request.META["CONTENT_LENGTH"] = ""
        with pytest.raises(LengthRequired):
            read_body(request)

    def test_a_broken_connection_is_the_callers_fault(self) -> None:
        class BrokenStream:
            def read(self, *_size: int) -> bytes:
                raise OSError("connection reset")

            def close(self) -> None: ...

        request = RequestFactory().post("/x", b"{}", content_type="application/json")
        request._stream = BrokenStream()  # type: ignore[assignment]
        with pytest.raises(Malformed) as caught:
            read_body(request)
        assert not isinstance(caught.value, UnreadablePostError)

    @pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", 'application/json; charset="UTF-8"'])
    def test_json_is_read(self, content_type: str) -> None:
        assert decode_body(RequestFactory().post("/x", VALID, content_type=content_type), ToyInput).toy_name == "bear"

    @pytest.mark.parametrize(
        "content_type", ["", "text/plain", "application/xml", "application/json; charset=latin-1", "application/jsonx"]
    )
    def test_other_content_types_are_refused(self, content_type: str) -> None:
        with pytest.raises(UnsupportedMediaType):
            decode_body(RequestFactory().post("/x", VALID, content_type=content_type), ToyInput)


def test_answers_have_utc_times_plain_ids_and_exact_decimals() -> None:
    body = {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "id": UUID(int=1), "rate": Decimal("1.10")}
    response = json_response(body, 201, {"Location": "/x"})
    assert response.content == b'{"at":"2026-01-02T03:04:05Z","id":"00000000-0000-0000-0000-000000000001","rate":"1.10"}'
    assert (response.status_code, response.headers["Location"], response.headers["Content-Type"]) == (201, "/x", "application/json")


def test_a_toy_is_made_over_http(client: Client) -> None:
    response = client.post("/api/v1/toys", VALID, content_type="application/json", HTTP_X_SCOPES="payments:write", HTTP_IDEMPOTENCY_KEY="1")
    assert (response.status_code, response.json()) == (
        201,
        {"toyName": "bear", "material": "WOOD", "amountMinor": 1000, "createdAt": "2026-01-02T00:00:00Z"},
    )


def test_a_query_on_an_operation_without_parameters_is_refused(client: Client) -> None:
    response = client.get("/api/v1/problems?page=1")
    assert (response.status_code, response.json()["code"], response.json()["errors"][0]["pointer"]) == (400, "unknown_parameter", "?page")
