"""What the value of a setting may be: read from JSON exactly, or refused with the sentence that says what is allowed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from config_mgmt.errors import SettingInvalid
from payment_engine.api.json import Json, JsonNumber
from payment_engine.api.rest_errors import escape
from payment_engine.errors import FieldError

SettingType = Literal["decimal", "integer", "boolean", "string", "choice", "duration", "time-zone", "keys", "json"]
Bounded = TypeVar("Bounded", Decimal, int, timedelta)
Value = Decimal | int | bool | str | timedelta | ZoneInfo | tuple[str, ...]
JSON_BYTES: Final = 16_384
JSON_DEPTH: Final = 20
KEYS_MAX: Final = 100
_PLAIN: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_KEYS: Final = re.compile(r"[a-z0-9_.*-]{1,200}", re.ASCII)
_EXACT: Final = 1 << 53


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A declared setting. `default` is asked at each read; without one the setting has no value until somebody gives it one.

    `names` says of a value of type `keys` whether one of them names anything; asked when it is set: what was stored stays readable.
    `fallback` names the fact of the tenant's profile that stands in for a value. Bounds are inclusive.
    """

    key: str
    type: SettingType
    description: str
    default: Callable[[], Value | None] = field(default=_nothing)
    minimum: Decimal | int | timedelta | None = None
    maximum: Decimal | int | timedelta | None = None
    fraction_digits: int = 0
    choices: tuple[str, ...] = ()
    names: Callable[[str], bool] = field(default=lambda _key: True)
    pattern: str = ""
    allowed: str = ""
    changed_by: Literal["tenant", "platform"] = "tenant"
    four_eyes: bool = False
    fallback: Literal["", "time_zone", "currency"] = ""


def read_value(setting: Setting, value: Json, *, pointer: str = "/configValue") -> Any:  # noqa: ANN401  # the setting's own type
    """The value in its type; raises SettingInvalid."""
    read = _READERS[setting.type](setting, value)
    if read is None:
        raise refusal(pointer, sentence_of(setting))
    return read


def stored_value(setting: Setting, value: Json, *, pointer: str = "/configValue") -> Json:
    """The value as JSON that is read back the same: decimals as the text they came as. Raises SettingInvalid."""
    read = read_value(setting, value, pointer=pointer)
    match setting.type:
        case "decimal":
            return _plain_text(value)
        case "json":
            _check_free(read, pointer)
            return with_floats(read)
        case "keys":
            if unknown := [key for key in read if not setting.names(key)]:
                raise refusal(pointer, f"{', '.join(unknown)} names nothing; {sentence_of(setting)}")
            return json_of(read)
        case _:
            return json_of(read)


def json_of(value: Value | None) -> Json:
    match value:
        case Decimal():
            return f"{value:f}"
        case timedelta():
            return msgspec.to_builtins(value)
        case ZoneInfo():
            return value.key
        case tuple():
            return list(value)
        case _:
            return value


def refusal(pointer: str, sentence: str) -> SettingInvalid:
    return SettingInvalid(sentence, errors=[FieldError(pointer=pointer, code=SettingInvalid.code, detail=sentence)])


def sentence_of(setting: Setting) -> str:
    """What is allowed, in words."""
    low, high = _shown(setting.minimum), _shown(setting.maximum)
    bounds = f" from {low} to {high}" if low and high else ""
    match setting.type:
        case "decimal":
            digits = f" with at most {setting.fraction_digits} digits after the point"
            text = f'a plain decimal number{bounds}{digits}, such as "100000.00"'
        case "integer":
            text = f"a whole number{bounds}"
        case "boolean":
            text = "true or false"
        case "choice":
            text = f"one of {', '.join(setting.choices)}"
        case "duration":
            text = f"an ISO 8601 duration{bounds}, such as PT30S"
        case "time-zone":
            text = "the IANA name of a time zone, such as Europe/Berlin"
        case "keys":
            text = f'a list of at most {KEYS_MAX} keys in small letters, in which * stands for any text, such as ["payment.*"]'
        case "json":
            text = f"any JSON of at most {JSON_BYTES:,} bytes"
        case "string":
            text = "text"
    return f"{setting.key} is {setting.allowed or text}"


def _shown(bound: Decimal | int | timedelta | None) -> str:
    if bound is None:
        return ""
    return str(msgspec.to_builtins(bound)) if isinstance(bound, timedelta) else f"{bound:,}"


def _plain_text(value: object) -> str:
    if isinstance(value, JsonNumber):
        return value.literal
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _read_decimal(setting: Setting, value: object) -> Decimal | None:
    text = _plain_text(value)
    if _PLAIN.fullmatch(text) is None or len(text.partition(".")[2]) > setting.fraction_digits:
        return None
    return _bounded(setting, Decimal(text))


def _read_integer(setting: Setting, value: object) -> int | None:
    text = "" if isinstance(value, JsonNumber) else _plain_text(value)
    return _bounded(setting, int(text)) if _WHOLE.fullmatch(text) else None


def _bounded(setting: Setting, value: Bounded) -> Bounded | None:
    low: Any = setting.minimum
    high: Any = setting.maximum
    return None if (low is not None and value < low) or (high is not None and value > high) else value


def _read_boolean(_setting: Setting, value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _read_string(setting: Setting, value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(setting.pattern, value, re.ASCII) else None


def _read_choice(setting: Setting, value: object) -> str | None:
    return value if isinstance(value, str) and value in setting.choices else None


def _read_duration(setting: Setting, value: object) -> timedelta | None:
    try:
        return _bounded(setting, msgspec.convert(value, timedelta)) if isinstance(value, str) else None
    except (msgspec.ValidationError, OverflowError):
        return None


def _read_time_zone(_setting: Setting, value: object) -> ZoneInfo | None:
    return ZoneInfo(value) if isinstance(value, str) and value in _time_zones() else None


def _time_zones() -> set[str]:
    return available_timezones() - {"localtime", "posixrules", "Factory"}


def _read_keys(_setting: Setting, value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or len(value) > KEYS_MAX:
        return None
    if not all(isinstance(key, str) and _KEYS.fullmatch(key) for key in value):
        return None
    return tuple(sorted(set(value)))


def _read_json(_setting: Setting, value: Json) -> Json:
    return value


_READERS: Final[Mapping[str, Callable[[Setting, Any], Any]]] = {
    "decimal": _read_decimal,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "string": _read_string,
    "choice": _read_choice,
    "duration": _read_duration,
    "time-zone": _read_time_zone,
    "keys": _read_keys,
    "json": _read_json,
}


def _check_free(value: Json, pointer: str) -> None:
    wrong = next(_unfit_members(value, pointer, JSON_DEPTH), None)
    if wrong is not None:
        raise SettingInvalid(wrong.detail, errors=[wrong])
    if len(msgspec.json.encode(value, enc_hook=str)) > JSON_BYTES:
        raise refusal(pointer, f"a free value has at most {JSON_BYTES:,} bytes")


def _unfit_members(value: Json, pointer: str, depth: int) -> Iterator[FieldError]:
    """What JSON can write but not every reader reads back the same (RFC 7493)."""
    match value:
        case _ if depth == 0:
            yield _unfit(pointer, f"a free value is nested at most {JSON_DEPTH} levels deep")
        case str() if "\x00" in value:
            yield _unfit(pointer, "text can't contain the NUL character")
        case bool() | str() | None:
            pass
        case Mapping():
            for name, member in value.items():
                yield from _unfit_members(name, pointer, depth)
                yield from _unfit_members(member, f"{pointer}/{escape(name)}", depth - 1)
        case list():
            for index, member in enumerate(value):
                yield from _unfit_members(member, f"{pointer}/{index}", depth - 1)
        case _ if not _is_exact(value):
            yield _unfit(pointer, "a number here is exact as a double; send others as text")


def _is_exact(number: Decimal | float) -> bool:
    if isinstance(number, int):
        return abs(number) <= _EXACT
    try:
        if not abs(float(number)) <= _EXACT:  # the column gives it back as a whole number, which is not exact then
            return False
        return Decimal(repr(float(number))) == Decimal(number) or isinstance(number, float)
    except (ArithmeticError, ValueError, OverflowError):
        return False


def _unfit(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code=SettingInvalid.code, detail=detail)


def with_floats(value: Json) -> Json:
    """Numbers that were checked to survive it, as the column's JSON encoder takes them."""
    match value:
        case Decimal():
            return float(value) + 0.0  # which is 0 of −0: the column has no other zero
        case Mapping():
            return {name: with_floats(member) for name, member in value.items()}
        case list():
            return [with_floats(member) for member in value]
        case _:
            return value
