"""The forms of tiers' defaults: those of a tenant's own values, at once and without another person's approval."""

from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config_mgmt.admin.feature_forms import FeatureForm, fields_of
from config_mgmt.admin.forms import ChangeForm, ConfigForm, ReasonField, SeenForm
from config_mgmt.admin.rate_limits import RateLimitForm
from config_mgmt.admin.setting_fields import typed_of
from config_mgmt.admin.setting_forms import SettingForm
from config_mgmt.flags.checks import is_key
from config_mgmt.flags.values import EVERYBODY
from config_mgmt.models import ConfigVersion
from config_mgmt.rate_limits.endpoints import check_endpoint
from config_mgmt.settings_catalogue import setting_of
from payment_engine.api.json import Json
from payment_engine.errors import EngineError

Kind = ConfigVersion.Kind
_KEY_LENGTH: Final = 200


class _AtOnce(ChangeForm):
    """A tier's default has no time and needs no approval, but a reason: it reaches every tenant of the tier."""

    unwanted: ClassVar[tuple[str, ...]] = ("activate_at", "ask_approval")

    def put_in_order(self) -> None:
        for name in self.unwanted:
            self.fields.pop(name, None)
        self.fields["reason"] = ReasonField(required=True)
        super().put_in_order()

    @property
    def waits_for_approval(self) -> bool:
        return False


class TierSettingForm(_AtOnce, SettingForm):
    """The field is that of the setting's type."""


class TierFeatureForm(_AtOnce, FeatureForm):
    """Without who would be in, as that is another number for each tenant, and so without the slider."""

    rollout_percentage = forms.IntegerField(
        min_value=0, max_value=EVERYBODY, label="Roll-out in per cent", widget=UnfoldAdminIntegerFieldWidget(), help_text="Share of units"
    )


class TierRateLimitForm(_AtOnce, RateLimitForm):
    """As for an endpoint of one tenant."""


class ReasonedForm(SeenForm):
    """A question that says why, sent back with the version of the tier's defaults that the page had seen."""

    reason = ReasonField(required=True)


class KeyForm(ConfigForm):
    """Which default is meant, before its value is asked for."""

    kind = forms.ChoiceField(choices=Kind.choices, widget=UnfoldAdminSelectWidget())
    key = forms.CharField(
        max_length=_KEY_LENGTH,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="A setting such as payment.max_daily_limit, a flag such as new-fees, or an endpoint such as /api/v1/transactions",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if {"kind", "key"} <= values.keys() and (wrong := wrong_with(values["kind"], values["key"])):
            self.add_error("key", wrong)
        return values


def wrong_with(kind: str, key: str) -> str:
    """Why there is no such key, or nothing."""
    try:
        match kind:
            case Kind.SETTING:
                setting_of(key)
            case Kind.RATE_LIMIT:
                check_endpoint(key)
            case _ if not is_key(key):
                return "a flag has small letters, digits, dots, hyphens and underscores"
    except EngineError as error:
        return error.detail
    return ""


def form_of(kind: str, key: str, data: Any, *, before: Json, expected_version: int) -> ChangeForm:  # noqa: ANN401  # a form's data
    """The form for a value of this kind, with the one in force typed in."""
    seen = {"expected_version": expected_version}
    match kind:
        case Kind.SETTING:
            setting = setting_of(key)
            typed = {"config_value": typed_of(setting, before)}
            return TierSettingForm(data, setting=setting, always_approved=False, before=before, initial=typed | seen)
        case Kind.FEATURE:
            initial = {"enabled": True, "rollout_percentage": 0} if before is None else fields_of(before)
            return TierFeatureForm(data, key=key, before=before, initial=initial | seen)
    limit = before or {}
    return TierRateLimitForm(
        data,
        before=before,
        initial={
            "rate_limit_per_minute": limit.get("rateLimitPerMinute"),
            "burst_capacity": limit.get("burstCapacity"),
            "window_size_seconds": limit.get("windowSizeSeconds", 60),
            **seen,
        },
    )
