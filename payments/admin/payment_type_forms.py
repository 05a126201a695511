"""The form of a payment type's terms: fields in, a Definition out, and every refusal back at the field it is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from config_mgmt.admin.forms import MomentField, ReasonField
from payment_engine.errors import EngineError
from payments.admin.fee_form import FeeForm
from payments.admin.form_fields import choice_field, decimal_field, number_field, typed
from payments.admin.payment_type_words import rail_name
from payments.definitions import Definition
from payments.operations.payment_type_checks import ATTEMPTS_MAX, BACKOFF_MAX_SECONDS, COUNT_MAX, DESCRIPTION_LENGTH, NAME_LENGTH
from payments.queries.calendars import current_calendars
from payments.routes import RAILS, USUAL_RETRIES, RetryPolicy
from payments.value_dates import time_zone_names
from payments.velocity import VelocityLimit, Window
from tenants.portal.forms import OperationForm

_RAILS: Final = [(rail, rail_name(rail)) for rail in RAILS]
_NO_RAIL: Final = ("", "–")
_NO_ZONE: Final = ("", "None: only without a cut-off")
_FALLBACKS: Final = ("fallback_1", "fallback_2", "fallback_3")
_AMOUNTS: Final = ("min_amount", "max_amount", "daily_limit", "approval_threshold")
_CAPITAL: Final = re.compile(r"([A-Z])")
_ROUTE: Final = (
    "The internal rail books between accounts kept here. The others lead out of the bank, to creditors with an IBAN at another one, "
    "and are tried in this order."
)
_TOGETHER: Final = "attempts and the seconds before the second go together: give both, or neither"


class _TimeInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # django-unfold ships no types
    input_type = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the form as the page lays it out. `windows` are rows of a table: the window, its two fields."""

    title: str
    explanation: str = ""
    fields: tuple[forms.BoundField, ...] = ()
    windows: tuple[tuple[str, forms.BoundField, forms.BoundField], ...] = ()
    has_tiers: bool = False


class TermsForm(FeeForm):
    """All terms anew. `seen` tells which versions the page had read, so that nobody's draft is overwritten unseen."""

    name = forms.CharField(max_length=NAME_LENGTH, widget=UnfoldAdminTextInputWidget())
    description = forms.CharField(
        required=False, max_length=DESCRIPTION_LENGTH, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "cols": 40})
    )
    currencies = SimpleArrayField(
        forms.CharField(max_length=3),
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="ISO 4217 codes with commas; empty: all",
    )
    min_amount = decimal_field(label="Smallest amount")
    max_amount = decimal_field(label="Largest amount")
    daily_limit = decimal_field(help_text="In total per debtor account, currency and UTC day")
    approval_threshold = decimal_field(
        label="Approval needed from", help_text="From this amount on a payment waits until another person approves it"
    )
    cut_off_time = forms.TimeField(
        required=False, label="Cut-off", widget=_TimeInput(attrs={"step": 1}), help_text="From then on a payment is of the next day"
    )
    time_zone = forms.ChoiceField(
        required=False,
        widget=UnfoldAdminSelect2Widget(),
        help_text="Whose clock the cut-off is read from: a cut-off needs one. Without either, the calendar's own day counts",
    )
    calendar = choice_field([], help_text="Which days are business days")
    rail = choice_field(
        _RAILS,
        required=True,
        label="First rail",
    )
    fallback_1 = choice_field([_NO_RAIL, *_RAILS], label="Second rail", help_text="When the one before takes nothing")
    fallback_2 = choice_field([_NO_RAIL, *_RAILS], label="Third rail")
    fallback_3 = choice_field([_NO_RAIL, *_RAILS], label="Fourth rail")
    max_attempts = number_field(
        ATTEMPTS_MAX, label="Attempts on each rail", help_text=f"The first included; empty: {USUAL_RETRIES.max_attempts}"
    )
    backoff_seconds = number_field(
        BACKOFF_MAX_SECONDS,
        label="Seconds before the second",
        help_text=f"Doubled for each one after it; empty: {USUAL_RETRIES.backoff_seconds}",
    )
    is_synchronous = forms.BooleanField(
        required=False,
        label="Booked while the caller waits",
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Off: the money is set aside, and a worker books it. What leaves the bank is never waited for",
    )
    reason = ReasonField()
    seen = forms.CharField(required=False, widget=forms.HiddenInput())

    def __init__(self, data: QueryDict | None, *, terms: Definition, seen: str = "") -> None:
        super().__init__(data, terms=terms, initial={**initial_values(terms), "seen": seen})
        for window in Window:
            self.fields[_count_of(window)] = number_field(COUNT_MAX, label=f"Payments in one {window.lower()}")
            self.fields[_amount_of(window)] = decimal_field(label=f"Amount in one {window.lower()}")
        _offer(self.fields["time_zone"], [_NO_ZONE, *((name, name) for name in sorted(time_zone_names()))])
        _offer(self.fields["calendar"], _calendar_choices(terms.calendar))

    def clean_currencies(self) -> list[str]:
        return [currency.strip().upper() for currency in self.cleaned_data["currencies"]]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        retry = [values.get(name) for name in ("max_attempts", "backoff_seconds") if name not in self.errors]
        if None in retry and any(retry):
            self.add_error("max_attempts", _TOGETHER)
        return values

    def definition(self) -> Definition:
        """Of the form, once it is valid; what its terms must fulfil is for the operation to say."""
        values = self.cleaned_data
        attempts, seconds = values["max_attempts"], values["backoff_seconds"]
        return Definition(
            **{name: values[name] for name in ("name", "description", "is_synchronous", *_AMOUNTS)},
            **{name: values[name] for name in ("cut_off_time", "time_zone", "calendar", "rail")},
            **self.fee_terms(),
            currencies=tuple(values["currencies"]),
            velocity_limits=tuple(self._limits()),
            rail_fallbacks=tuple(values[name] for name in self._given_fallbacks()),
            retry_policy=None if attempts is None else RetryPolicy(max_attempts=attempts, backoff_seconds=seconds),
        )

    def _limits(self) -> Iterator[VelocityLimit]:
        for window in self._given_windows():
            yield VelocityLimit(
                window=window, max_count=self.cleaned_data[_count_of(window)], max_amount=self.cleaned_data[_amount_of(window)]
            )

    def _given_windows(self) -> list[Window]:
        values = self.cleaned_data
        return [window for window in Window if values.get(_count_of(window)) is not None or values.get(_amount_of(window)) is not None]

    def _given_fallbacks(self) -> list[str]:
        return [name for name in _FALLBACKS if self.cleaned_data.get(name)]

    def refuse(self, error: EngineError) -> None:
        """At the fields the pointers name, and at the rows of tiers and windows."""
        if not error.errors:
            super().refuse(error)
        for offence in error.errors:
            match offence.pointer.lstrip("/").split("/"):
                case ["feeSchedule", "tiers", position, *member]:
                    self.refuse_tier(int(position), member[0] if member else "", offence.detail)
                case steps:
                    self.add_error(self._field_at(steps), offence.detail)

    def _field_at(self, steps: list[str]) -> str | None:
        match steps:
            case ["velocityLimits", position, *member]:
                window = self._given_windows()[int(position)]
                return _count_of(window) if member == ["maxCount"] else _amount_of(window)
            case ["feeSchedule" | "processingFee", *member]:
                return self.fee_field_of(member[0] if member else "")
            case ["railFallbacks", position]:
                return self._given_fallbacks()[int(position)]
            case ["retryPolicy", member]:
                return self._field(_snake(member))
            case [member, *_]:
                return self._field(_snake(member))
        return None

    def sections(self) -> list[Section]:
        windows = tuple((window.value.title(), self[_count_of(window)], self[_amount_of(window)]) for window in Window)
        identity = ("code", "name") if "code" in self.fields else ("name",)
        fee = ("fee_type", "fee_payer", "fee_amount", "fee_percentage", "fee_min", "fee_max")
        return [
            Section(title="What it is", fields=self._bound(*identity, "currencies", "description")),
            Section(title="Amounts", explanation="In the currency of the payment. Empty: no limit.", fields=self._bound(*_AMOUNTS)),
            Section(
                title="Velocity limits",
                explanation="Per debtor account, in one calendar minute, hour, day and month (UTC). Empty: no limit.",
                windows=windows,
            ),
            Section(title="Fee", fields=self._bound(*fee), has_tiers=True),
            Section(title="Value date", fields=self._bound("cut_off_time", "time_zone", "calendar")),
            Section(
                title="Route",
                explanation=_ROUTE,
                fields=self._bound("rail", *_FALLBACKS, "max_attempts", "backoff_seconds", "is_synchronous"),
            ),
            Section(title="This change", fields=self._bound("reason")),
        ]

    def _bound(self, *names: str) -> tuple[forms.BoundField, ...]:
        return tuple(self[name] for name in names)


class NewPaymentTypeForm(TermsForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"payment_type_exists": "code"}

    code = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(), help_text="What callers send, such as INTERNAL_TRANSFER")


class StepForm(OperationForm):
    """A step in the life of a version: why, and what the page had read."""

    reason = ReasonField(required=True)
    seen = forms.CharField(widget=forms.HiddenInput())


class ScheduleForm(StepForm):
    activate_at = MomentField(label="Takes effect at (UTC)")
    field_order = ("activate_at", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.fields["activate_at"].required = True


def initial_values(terms: Definition) -> dict[str, Any]:
    """The terms as the form shows them; of the fee see FeeForm."""
    values: dict[str, Any] = {
        **{
            name: getattr(terms, name)
            for name in ("name", "description", "is_synchronous", "cut_off_time", "time_zone", "calendar", "rail")
        },
        **{name: typed(getattr(terms, name)) for name in _AMOUNTS},
        "currencies": list(terms.currencies),
        **dict(zip(_FALLBACKS, terms.rail_fallbacks, strict=False)),
    }
    for limit in terms.velocity_limits:
        values |= {_count_of(limit.window): limit.max_count, _amount_of(limit.window): typed(limit.max_amount)}
    if terms.retry_policy is not None:
        values |= {"max_attempts": terms.retry_policy.max_attempts, "backoff_seconds": terms.retry_policy.backoff_seconds}
    return values


def _calendar_choices(current: str) -> list[tuple[str, str]]:
    """By code; an alias that the version names stays a choice, and so does a calendar that is gone, to be refused with a sentence."""
    calendars = {calendar.code: calendar for calendar in current_calendars().values()}
    choices = [(code, f"{code}: {calendar.name}") for code, calendar in calendars.items()]
    known = current in calendars or not current
    return [("", "None: every day is a business day"), *choices, *([] if known else [(current, current)])]


def _offer(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    cast("forms.ChoiceField", field).choices = choices


def _count_of(window: Window) -> str:
    return f"{window.lower()}_count"


def _amount_of(window: Window) -> str:
    return f"{window.lower()}_amount"


def _snake(member: str) -> str:
    return _CAPITAL.sub(r"_\1", member).lower()
