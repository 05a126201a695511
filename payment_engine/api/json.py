"""JSON bodies in and out: msgspec straight into frozen structs, numbers never through float."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Self, TypeAlias, TypeVar, cast

import msgspec
from django.conf import settings
from django.db.models import Choices
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from payment_engine.api.amounts import AmountInput, AmountUnreadable
from payment_engine.api.errors import (
    LengthRequired,
    MalformedJson,
    PayloadTooLarge,
    UnknownField,
    UnsupportedMediaType,
    field_failed,
)
from payment_engine.api.rest_errors import escape
from payment_engine.errors import EngineError, FieldError, Malformed, ValidationFailed
from payment_engine.money import AmountInvalid

Json: TypeAlias = Any
"""Any value JSON can hold. A recursive union would say so too, but ask for a check at each look into what was checked before."""
JsonObject: TypeAlias = dict[str, Json]
T = TypeVar("T")
_UTF8: Final = frozenset({"utf-8", "utf8"})
_PATH: Final = re.compile(r"(?s)(.*) - at `(\$[^`]*)`")
_UNKNOWN: Final = re.compile(r"(?s)Object contains unknown field `(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_PATH_STEP: Final = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUL_ESCAPE: Final = b"\\u0000"
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
NESTING_MAX: Final = 64
_WHOLE_DIGITS: Final = 18


class Input(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: camelCase outside, unknown members refused. Subclasses repeat `frozen=True, kw_only=True`."""


class Output(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of response bodies; a member that is UNSET is left out. Subclasses repeat `frozen=True, kw_only=True`."""


class JsonNumber(Decimal):
    """A JSON number with a point or an exponent, exact, and as it was written."""

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> Self:
        try:
            number = super().__new__(cls, literal)
        except InvalidOperation:
            raise ValueError("the number is too large") from None
        number.literal = literal
        return number


def whole_number(value: object) -> int | None:
    """The value as an integer: to JSON, 50 and 50.0 are one number. None for anything else, or with more than 18 digits."""
    if isinstance(value, JsonNumber) and value.adjusted() < _WHOLE_DIGITS and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_WHOLE_DIGITS else None


def decode_special(expected: type, value: object) -> object:
    """msgspec's dec_hook for the types it does not know itself."""
    if expected is AmountInput:
        return AmountInput.of_number(value.literal) if isinstance(value, JsonNumber) else AmountInput.of(value)
    if issubclass(expected, Choices):  # Django's enumerations have a metaclass of their own, which msgspec does not know
        return expected(value)
    raise NotImplementedError(f"no rule to read {expected!r} from JSON")


def _encode_special(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Choices):
        return value.value
    if isinstance(value, AmountInput):
        return value.text
    raise NotImplementedError(f"no rule to write {type(value)!r} as JSON")


encode: Final = msgspec.json.Encoder(enc_hook=_encode_special).encode


@cache
def _decoder(expected: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 a type msgspec knows
    return msgspec.json.Decoder(expected, dec_hook=decode_special, float_hook=JsonNumber)


_any_decoder: Final = msgspec.json.Decoder(float_hook=str)


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(encode(body), status=status, content_type="application/json", headers=headers)


def read_body(request: HttpRequest, *, limit_bytes: int | None = None) -> bytes:
    """The whole body. Its announced length is checked first, so nothing above the limit is read."""
    limit = settings.BODY_LIMIT_BYTES if limit_bytes is None else limit_bytes
    announced = request.META.get("CONTENT_LENGTH")
    if not announced and "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired("send the body with Content-Length instead of in chunks")
    require_plain(request)
    if announced and not _LENGTH.fullmatch(announced):
        raise Malformed("Content-Length is not a number")
    if announced and int(announced) > limit:
        raise PayloadTooLarge(f"the body is larger than {limit} bytes")
    try:
        return request.body
    except UnreadablePostError:
        raise Malformed("the body could not be read to its end") from None


def require_plain(request: HttpRequest) -> None:
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("send the body as it is, without Content-Encoding", headers={"Accept-Encoding": "identity"})


def require_json(request: HttpRequest) -> None:
    charset = (request.content_params or {}).get("charset", "utf-8")
    if request.content_type != "application/json" or charset.lower() not in _UTF8:
        raise UnsupportedMediaType("the body must be application/json in UTF-8", headers={"Accept": "application/json"})


def decode_body(request: HttpRequest, expected: type[T], *, limit_bytes: int | None = None) -> T:
    """The body as `expected`, or the problem that says what is wrong and where.

    413 too large, 415 not JSON, 400 malformed or with unknown members, 422 with a missing member or a wrong type.
    """
    require_json(request)
    return decode(read_body(request, limit_bytes=limit_bytes), expected)


def decode(body: bytes, expected: type[T]) -> T:
    try:
        value: T = _decoder(cast("Any", expected)).decode(body)
    except msgspec.ValidationError as error:
        _check_well_formed(body)  # the decoder complains of the first member it dislikes, before it has seen the rest
        raise _shape_error(error) from None
    except msgspec.DecodeError as error:
        raise MalformedJson(str(error)) from None
    except UnicodeDecodeError as error:
        raise MalformedJson(f"the body is not UTF-8: {error.reason}") from None
    except RecursionError:
        raise MalformedJson("the body is nested too deeply") from None
    except ValueError as error:
        raise MalformedJson(str(error)) from None
    if _is_nested_too_deeply(body):
        raise MalformedJson(f"the body is nested more than {NESTING_MAX} levels deep")
    if (name := _member_given_twice(body)) is not None:
        raise MalformedJson(f"the member {name[:100]!r} is given twice in one object")
    if _NUL_ESCAPE in body:
        _refuse_nul(value)
    return value


def _is_nested_too_deeply(body: bytes) -> bool:
    """Of a well-formed body. The decoder takes more levels than code that walks through what it decoded."""
    if body.count(b"[") + body.count(b"{") <= NESTING_MAX:
        return False
    brackets = _STRINGS.sub(b"", body).translate(None, delete=_NO_BRACKETS)
    for _ in range(NESTING_MAX):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


def _member_given_twice(body: bytes) -> str | None:
    """Of a well-formed body, the first there is. Whoever reads it could take another one of the two than we do (RFC 8259 §4).

    The decoder keeps the last one, and leaves more colons than members; those in strings are looked at only where it matters.
    """
    members = _members_of(_any_decoder.decode(body))
    if body.count(b":") == members or _STRINGS.sub(b"", body).count(b":") == members:
        return None
    twice: list[str] = []

    def notice(pairs: list[tuple[str, Json]]) -> JsonObject:
        found: JsonObject = {}
        for name, value in pairs:
            if name in found:
                twice.append(name)
            found[name] = value
        return found

    json.loads(body, object_pairs_hook=notice)
    return twice[0]


def _members_of(value: Json) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_members_of(member) for member in value.values() if isinstance(member, dict | list))
    return sum(_members_of(item) for item in value if isinstance(item, dict | list)) if isinstance(value, list) else 0


def _check_well_formed(body: bytes) -> None:
    """Raises MalformedJson; without building anything."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise MalformedJson(str(error)) from None
    except RecursionError:
        raise MalformedJson("the body is nested too deeply") from None


def _shape_error(error: msgspec.ValidationError) -> EngineError:
    message, path = str(error), "$"
    if found := _PATH.fullmatch(message):
        message, path = found[1], found[2]
    pointer = _pointer(path)
    if found := _UNKNOWN.fullmatch(message):
        name = found[1][:100]
        unknown = FieldError(pointer=f"{pointer}/{escape(name)}", code="unknown_field", detail="this member is not known here")
        return UnknownField(f"unknown member {name!r}", errors=(unknown,))
    if found := _MISSING.fullmatch(message):
        return field_failed(f"{pointer}/{escape(found[1])}", "this member is required", code="required")
    if isinstance(error.__cause__, AmountUnreadable):
        return AmountInvalid(message, errors=(FieldError(pointer=pointer, code=AmountInvalid.code, detail=message),))
    return field_failed(pointer, message)


def _pointer(path: str) -> str:
    """msgspec's `$.items[3].name` as `/items/3/name`; a member of a dictionary (`[...]`) is named by its dictionary."""
    return "".join("/" + (step[1] or step[2]) for step in _PATH_STEP.finditer(path))


def _refuse_nul(value: object) -> None:
    for pointer, text in _texts(value, ""):
        if "\x00" in text:
            raise ValidationFailed(
                "text can't contain the NUL character",
                errors=(FieldError(pointer=pointer, code="character_invalid", detail="text can't contain the NUL character"),),
            )


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield pointer, value
        case AmountInput():
            yield pointer, value.text
        case msgspec.Struct():
            for field in msgspec.structs.fields(value):
                yield from _texts(getattr(value, field.name), f"{pointer}/{field.encode_name}")
        case Mapping():
            for name, member in value.items():
                yield pointer, str(name)
                yield from _texts(member, f"{pointer}/{escape(str(name))}")
        case Sequence() if not isinstance(value, bytes | bytearray):
            for index, member in enumerate(value):
                yield from _texts(member, f"{pointer}/{index}")
