"""A form field for each type of setting: what is typed becomes the JSON that the setting's own reader checks."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

import msgspec
from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config_mgmt.admin.forms import LongField
from config_mgmt.setting_types import Setting, SettingType, sentence_of
from payment_engine.api.json import Json, decode

_INPUT_MODES: Final[Mapping[SettingType, str]] = {"decimal": "decimal", "integer": "numeric"}


def field_of(setting: Setting) -> forms.Field:
    """Empty is never a value: taking the tenant's own value away is another button."""
    sentence = sentence_of(setting).removeprefix(f"{setting.key} is ")
    options: dict[str, Any] = {"label": "New value", "help_text": f"{sentence[0].upper()}{sentence[1:]}."}
    match setting.type:
        case "boolean":
            return _select(["true", "false"], **options)
        case "choice":
            return _select(list(setting.choices), **options)
        case "time-zone":
            return _select(_time_zones(), **options)
        case "keys":
            return LongField(rows=6, **{**options, "help_text": f"One key a line. {options['help_text']}"})
        case "json":
            field = LongField(rows=10, **options)
            field.required = True
            return field
    attrs = {"autocomplete": "off", "inputmode": _INPUT_MODES.get(setting.type, "text")}
    return forms.CharField(max_length=500, strip=setting.type != "string", widget=UnfoldAdminTextInputWidget(attrs=attrs), **options)


def typed_of(setting: Setting, value: Json) -> str:
    """The stored value as it stands in the field."""
    if value is None:
        return ""
    match setting.type:
        case "keys":
            return "\n".join(value)
        case "json":
            return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        case "boolean":
            return "true" if value else "false"
    return str(value)


def json_of_typed(setting: Setting, typed: str) -> Json:
    """Raises MalformedJson; whether the setting takes the value is not looked at here."""
    return _READERS.get(setting.type, str)(typed)


def _select(choices: list[str], **options: Any) -> forms.ChoiceField:  # noqa: ANN401  # Django's own
    return forms.ChoiceField(choices=[(choice, choice) for choice in choices], widget=UnfoldAdminSelectWidget(), **options)


@cache
def _time_zones() -> list[str]:
    """Read from the disk once."""
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")


def _keys(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _json(typed: str) -> Json:
    return decode(typed.encode("utf-8", "replace"), Any)


_READERS: Final[Mapping[SettingType, Callable[[str], Json]]] = {"keys": _keys, "json": _json}
