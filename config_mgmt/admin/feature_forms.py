"""The form of a feature flag: switches, the slider, and JSON documents for what has no form of its own."""

from typing import Any, TypeVar

import msgspec
from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from config_mgmt.admin.forms import ChangeForm, LongField, MomentField
from config_mgmt.flags.documents import FeatureConfig, FeatureDocument, RuleDocument, ScheduleDocument, VariantDocument
from config_mgmt.flags.reading import document_of, read_flag
from config_mgmt.flags.values import EVERYBODY, Flag
from payment_engine.api.json import Json, decode
from payment_engine.errors import EngineError

D = TypeVar("D")
_TARGETING_EXAMPLE = '[{"constraints": [{"attribute": "channel", "operator": "IN", "values": ["api"]}], "rolloutPercentage": 100}]'
_VARIANTS_EXAMPLE = '[{"name": "blue", "weight": 1, "payload": {"limit": 10}}, {"name": "red", "weight": 1}]'


class SliderWidget(forms.NumberInput):
    """A slider with its number beside it."""

    input_type = "range"

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:  # noqa: ANN401
        slider = super().render(name, value, attrs, renderer)
        return format_html('<span class="config-slider">{}<output for="id_{}">{} %</output></span>', slider, name, value)


def _switch(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(required=False, label=label, help_text=help_text, widget=UnfoldBooleanSwitchWidget())


class FeatureForm(ChangeForm):
    enabled = _switch("On")
    kill_switch = _switch("Kill switch", "Off for everybody, whatever else the flag says")
    rollout_percentage = forms.IntegerField(
        min_value=0, max_value=EVERYBODY, initial=0, label="Roll-out", widget=SliderWidget(attrs={"step": 1}), help_text="Share of units"
    )
    targeting = LongField(
        rows=5,
        help_text=format_html(
            "JSON list of rules; empty: nobody is singled out. One rule must match, all its constraints must hold. "
            "Operators: IN, NOT_IN, STARTS_WITH. Such as <code>{}</code>",
            _TARGETING_EXAMPLE,
        ),
    )
    variants = LongField(
        rows=4, help_text=format_html("JSON list; empty: the feature has one form. Such as <code>{}</code>", _VARIANTS_EXAMPLE)
    )
    active_from = MomentField(label="Schedule: from (UTC)")
    active_until = MomentField(label="Schedule: until (UTC)", help_text="The end is no longer part of it")
    ask_approval = _switch("Let another person approve it first")
    last = ("activate_at", "reason", "ask_approval")

    def __init__(self, *args: Any, key: str = "", **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._key = key
        self.document: FeatureDocument | None = None
        self.flag: Flag | None = None

    def value(self) -> Json:
        given = self.cleaned_data
        schedule = ScheduleDocument(active_from=given["active_from"], active_until=given["active_until"])
        config = FeatureConfig(
            rollout_percentage=given["rollout_percentage"],
            kill_switch=given["kill_switch"],
            targeting=given["targeting"],
            variants=given["variants"],
            schedule=schedule,
        )
        self.document = FeatureDocument(enabled=given["enabled"], config=config)
        self.flag = read_flag(self.key, self.document)
        return document_of(self.flag)

    @property
    def key(self) -> str:
        return self._key

    @property
    def waits_for_approval(self) -> bool:
        return bool(self.cleaned_data.get("ask_approval"))

    def clean_targeting(self) -> list[RuleDocument]:
        return _documents(self.cleaned_data["targeting"], list[RuleDocument])

    def clean_variants(self) -> list[VariantDocument]:
        return _documents(self.cleaned_data["variants"], list[VariantDocument])


class NewFeatureForm(FeatureForm):
    key_typed = forms.CharField(
        max_length=100,
        label="Key",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="What code asks for, such as new-fees. It never changes",
    )
    field_order = ("key_typed",)

    @property
    def key(self) -> str:
        return str(self.cleaned_data["key_typed"])

    def _field(self, name: str | None) -> str | None:
        return "key_typed" if name == "key" else super()._field(name)

    def put_in_order(self) -> None:
        first = ("key_typed", "enabled")
        self.order_fields([*first, *(name for name in self.fields if name not in {*first, *self.last}), *self.last])


def fields_of(value: Json) -> dict[str, Any]:
    """A stored flag as it stands in the form."""
    config = value.get("config", {})
    schedule = config.get("schedule") or {}
    return {
        "enabled": value.get("enabled", False),
        "kill_switch": config.get("killSwitch", False),
        "rollout_percentage": config.get("rolloutPercentage", EVERYBODY),
        "targeting": _pretty(config.get("targeting")),
        "variants": _pretty(config.get("variants")),
        "active_from": _wall_clock(schedule.get("activeFrom")),
        "active_until": _wall_clock(schedule.get("activeUntil")),
    }


def _documents(typed: str, kind: type[list[D]]) -> list[D]:
    if not typed.strip():
        return []
    try:
        return decode(typed.encode("utf-8", "replace"), kind)
    except EngineError as error:
        if not error.errors:
            raise forms.ValidationError(f"this is no JSON list: {error.detail}") from error
        places = [f"{offence.pointer.lstrip('/')}: {offence.detail}".removeprefix(": ") for offence in error.errors]
        raise forms.ValidationError(places) from error


def _pretty(value: Json) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() if value else ""


def _wall_clock(text: str | None) -> str:
    """An instant in UTC as the browser's picker takes it."""
    return "" if text is None else text.removesuffix("Z")
