"""Forms that propose a change: the first time they are sent the page shows the difference, the second time it is made."""

import re
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from config_mgmt.admin.cells import json_text
from payment_engine.api.json import Json
from payment_engine.clock import now
from payment_engine.errors import EngineError
from tenants.portal.forms import OperationForm

REASON_LENGTH: Final = 500
_CAPITAL: Final = re.compile(r"([A-Z])")
_WRAPPERS: Final = ("config", "schedule")  # members of a flag's document that are no field of their form


class ReasonField(forms.CharField):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        defaults = {"required": False, "help_text": "Why; stays in the history"}
        super().__init__(max_length=REASON_LENGTH, widget=UnfoldAdminTextInputWidget(), **{**defaults, **options})


class MomentWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # django-unfold ships no types
    """The browser's own picker of a day and a time."""

    input_type = "datetime-local"

    def format_value(self, value: object) -> str:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S")
        return value if isinstance(value, str) else ""


class MomentField(forms.DateTimeField):
    """Typed and shown in UTC, as every time in the portal."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(required=False, widget=MomentWidget(attrs={"step": 1}), **options)


class LongField(forms.CharField):
    def __init__(self, *, rows: int, **options: Any) -> None:  # noqa: ANN401
        widget = UnfoldAdminTextareaWidget(attrs={"rows": rows, "spellcheck": "false", "class": "config-json"})
        super().__init__(required=False, strip=False, widget=widget, **options)


class ConfigForm(OperationForm):
    """A refusal is said at the field it is about, with the place inside the field where it is a JSON document."""

    def refuse(self, error: EngineError) -> None:
        if not error.errors:
            super().refuse(error)
        for offence in error.errors:
            steps = offence.pointer.lstrip("/?").split("/")
            while len(steps) > 1 and steps[0] in _WRAPPERS:
                steps.pop(0)
            name = self._field(_CAPITAL.sub(r"_\1", steps[0]).lower())
            place = "/".join(steps[1:]) if name else ""
            self.add_error(name, f"{place}: {offence.detail}" if place else offence.detail)


class DecisionForm(ConfigForm):
    """A question with nothing to fill in but why."""

    reason = ReasonField()


class SeenForm(DecisionForm):
    """The same, sent back with the version the page had seen in force; 0 for none."""

    expected_version = forms.IntegerField(widget=forms.HiddenInput(), min_value=0)


class ChangeForm(ConfigForm):
    """The next value of a key, and when it takes effect. `before` is the value in force; `after` what was typed, once it is valid."""

    activate_at = MomentField(label="Takes effect at (UTC)", help_text="Empty: at once")
    reason = ReasonField()
    expected_version = forms.IntegerField(widget=forms.HiddenInput(), min_value=0)
    last: ClassVar[tuple[str, ...]] = ("activate_at", "reason")

    def __init__(self, *args: Any, before: Json, **options: Any) -> None:  # noqa: ANN401  # Django's own
        super().__init__(*args, **options)
        self.before = before
        self.after: Json = None
        self.put_in_order()

    def put_in_order(self) -> None:
        self.order_fields([*(name for name in self.fields if name not in self.last), *self.last])

    @property
    def waits_for_approval(self) -> bool:
        return False

    @property
    def last_button(self) -> str:
        """What sending the form a second time does."""
        if self.waits_for_approval:
            return "Ask for approval"
        return "Schedule" if self.cleaned_data.get("activate_at") else "Put in force"

    def value(self) -> Json:
        """The checked value of the key, from `cleaned_data`. Raises EngineError with pointers."""
        raise NotImplementedError

    def clean_activate_at(self) -> Any:  # noqa: ANN401  # a datetime or nothing
        at = self.cleaned_data["activate_at"]
        if at is not None and at <= now():
            raise forms.ValidationError("a change is scheduled for a time that is yet to come; leave this empty for now")
        return at

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                self.after = self.value()
            except EngineError as error:
                self.refuse(error)
        return values

    @property
    def fingerprint(self) -> str:
        """Of what is about to be done: sent back from the page that showed it."""
        return sha256(f"{json_text(self.before)}\n{json_text(self.after)}\n{self.cleaned_data.get('activate_at')}".encode()).hexdigest()
