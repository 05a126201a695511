"""Forms in front of operations: translate in, call one operation, translate its refusal back to the fields."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse_lazy
from unfold.widgets import UnfoldAdminAutocompleteWidget, UnfoldAdminTextInputWidget

from payment_engine.errors import EngineError, ValidationFailed
from payment_engine.money import parse_amount
from tenants.portal.cells import grouped
from tenants.portal.model_admin import PortalModelAdmin

_CAPITAL: Final = re.compile(r"([A-Z])")
_FORBIDDEN: Final = 403


class OperationForm(forms.Form):
    """Fields are named as the API names them, in snake_case, so that an error's pointer finds its field."""

    fields_of_codes: ClassVar[dict[str, str]] = {}
    """Where an error without a pointer is shown, by its code."""

    def refuse(self, error: EngineError) -> None:
        """Show why the operation refused, at the fields it names."""
        if not error.errors:
            self.add_error(self._field(self.fields_of_codes.get(error.code)), grouped(error.detail))
        for offence in error.errors:
            self.add_error(
                self._field(_CAPITAL.sub(r"_\1", offence.pointer.lstrip("/").partition("/")[0]).lower()), grouped(offence.detail)
            )

    def _field(self, name: str | None) -> str | None:
        for known in (name, name and name.removesuffix("_id")):
            if known in self.fields:
                return known
        return None

    def minor_units(self, name: str, currency: str, *, zero_allowed: bool = False) -> int | None:
        """The amount typed into a field, or None with the reason shown at it; for `clean`."""
        text = self.cleaned_data.get(name)
        if not text:
            return None
        try:
            return parse_amount(text, currency, zero_allowed=zero_allowed)
        except ValidationFailed as error:
            self.add_error(name, error.detail)
            return None


class AmountField(forms.CharField):
    """The decimal string as typed; which digits it may have depends on the currency, so the form's `clean` reads it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(max_length=24, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}), **options)


class _PickerWidget(UnfoldAdminAutocompleteWidget):  # type: ignore[misc]  # django-unfold ships no types
    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        """Only what is chosen: the rest comes while somebody types."""
        field = self.choices.field
        options: list[dict[str, Any]] = []
        for key in filter(None, value):
            try:
                record = field.to_python(key)
            except ValidationError:
                continue
            options.append(self.create_option(name, key, field.label_from_instance(record), selected=True, index=len(options)))
        return [(None, options, 0)]


class RecordField(forms.ModelChoiceField):  # type: ignore[type-arg]  # of whatever model the query is about
    """One row of the tenant, found by typing. `picker` is the admin's model, as in `accounts_account`."""

    def __init__(self, *, picker: str, label_of: Callable[[Any], str] = str, **options: Any) -> None:  # noqa: ANN401
        self._label_of = label_of
        widget = _PickerWidget(attrs={"data-ajax--url": reverse_lazy(f"admin:{picker}_pick")})
        super().__init__(widget=widget, **options)

    def label_from_instance(self, obj: Model) -> str:
        return self._label_of(obj)


def operation_page(
    request: HttpRequest,
    model_admin: PortalModelAdmin[Any],
    *,
    form: OperationForm,
    title: str,
    button: str,
    run: Callable[[dict[str, Any]], HttpResponse],
    record: Model | None = None,
    explanation: str = "",
    dangerous: bool = False,
    template: str = "portal/operation.html",
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Show the form; when it is sent and valid, answer what `run` answers, or show the form again with the refusal.

    Without a `button` there is nothing to send. Of a refusal that nothing in the form can cure, the answer is 403.
    `template` extends portal/operation.html, and `context` is what it shows besides.
    """
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            return run(form.cleaned_data)
        except EngineError as error:
            form.refuse(error)
            status = _FORBIDDEN if error.status == _FORBIDDEN else 200
    return TemplateResponse(
        request,
        template,
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "original": record,
            "title": title,
            "form": form,
            "media": form.media,
            "button": button,
            "explanation": explanation,
            "dangerous": dangerous,
            "back": model_admin.change_url(record) if record is not None else model_admin.changelist_url,
            **(context or {}),
        },
        status=status,
    )


def done(request: HttpRequest, sentence: str, url: str) -> HttpResponse:
    messages.success(request, sentence)
    return HttpResponseRedirect(url)
