"""Fields that the forms of payment types share."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants.portal.cells import plain


def decimal_field(*, digits: int = 4, **options: Any) -> forms.DecimalField:  # noqa: ANN401  # options of the field
    """Signs are let through: what a negative amount is told belongs to the rules of its member."""
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(max_digits=18 + digits, decimal_places=digits, widget=widget, **{"required": False, **options})


def number_field(most: int, **options: Any) -> forms.IntegerField:  # noqa: ANN401
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(required=False, min_value=1, max_value=most, widget=widget, **options)


def choice_field(choices: list[tuple[str, str]], **options: Any) -> forms.ChoiceField:  # noqa: ANN401
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **{"required": False, **options})


def typed(value: Decimal | None) -> str:
    """An amount as a person would type it."""
    return "" if value is None else plain(value)
