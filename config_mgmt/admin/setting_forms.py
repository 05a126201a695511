"""The forms of the settings' pages."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from config_mgmt.admin.forms import ChangeForm, ConfigForm
from config_mgmt.admin.setting_fields import field_of, json_of_typed
from config_mgmt.errors import SettingUnknown
from config_mgmt.setting_types import Setting, stored_value
from config_mgmt.settings_catalogue import FREE_PREFIX, setting_of
from payment_engine.api.json import Json


class SettingForm(ChangeForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"malformed_json": "config_value", "validation_failed": "config_value"}

    ask_approval = forms.BooleanField(required=False, label="Let another person approve it first", widget=UnfoldBooleanSwitchWidget())
    last = ("activate_at", "reason", "ask_approval")

    def __init__(self, *args: Any, setting: Setting, always_approved: bool, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.fields["config_value"] = field_of(setting)
        if always_approved:
            del self.fields["ask_approval"]
        self.put_in_order()
        self._setting, self._always_approved = setting, always_approved

    def value(self) -> Json:
        return stored_value(self._setting, json_of_typed(self._setting, self.cleaned_data["config_value"]))

    @property
    def waits_for_approval(self) -> bool:
        return self._always_approved or bool(self.cleaned_data.get("ask_approval"))


class OwnKeyForm(ConfigForm):
    key = forms.CharField(
        max_length=200,
        initial=FREE_PREFIX,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"Begins with {FREE_PREFIX} and goes on with small letters, digits, dots, hyphens and underscores",
    )

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        try:
            setting_of(key)
        except SettingUnknown as error:
            raise forms.ValidationError(error.detail) from error
        return key
