"""The fee's part of the form of a payment type: how it is charged, by whom, and the tiers as plain rows."""

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from payments.admin.form_fields import choice_field, decimal_field, typed
from payments.admin.payment_type_words import percentage
from payments.definitions import Definition
from payments.fees import PERCENT_DIGITS, FeePayer, FeeSchedule, FeeTier, FeeType
from payments.operations.payment_type_checks import TIERS_MAX
from tenants.portal.forms import OperationForm

_BLANK_ROWS: Final = 3
_UP_TO: Final = "Up to"
_MEMBERS: Final = {"upTo": "up_to", "amount": "amount", "percentage": "percentage"}


class FeeKind(StrEnum):
    FREE = "FREE"
    FLAT = "FLAT"
    PERCENTAGE = "PERCENTAGE"
    TIERED = "TIERED"


_KINDS: Final = [
    (FeeKind.FREE.value, "Free of charge"),
    (FeeKind.FLAT.value, "One amount"),
    (FeeKind.PERCENTAGE.value, "Per cent of the amount"),
    (FeeKind.TIERED.value, "Tiers"),
]
_PAYERS: Final = [(FeePayer.DEBTOR.value, "The debtor, on top"), (FeePayer.CREDITOR.value, "The creditor, out of the amount")]


class TierForm(forms.Form):
    """One tier; a row left blank is none."""

    up_to = decimal_field(label=_UP_TO)
    amount = decimal_field(label="Amount")
    percentage = decimal_field(digits=PERCENT_DIGITS, label="Per cent")

    @property
    def tier(self) -> FeeTier | None:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return FeeTier(**given) if given else None


class _TierFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    def given(self) -> list[TierForm]:
        return [form for form in self.forms if form.tier is not None]


_TierForms: Final = forms.formset_factory(
    TierForm, formset=_TierFormSet, extra=_BLANK_ROWS, max_num=TIERS_MAX, absolute_max=TIERS_MAX + _BLANK_ROWS, validate_max=True
)


class FeeForm(OperationForm):
    """Of the fields below only those count that the chosen kind of fee has."""

    fee_type = choice_field(_KINDS, label="Charged as", required=True)
    fee_payer = choice_field(_PAYERS, label="Paid by", required=True)
    fee_amount = decimal_field(label="Amount of the fee")
    fee_percentage = decimal_field(digits=PERCENT_DIGITS, label="Per cent", help_text="Rounded half up to the smallest unit")
    fee_min = decimal_field(label="At least")
    fee_max = decimal_field(label="At most")

    def __init__(self, data: QueryDict | None, *, terms: Definition, initial: dict[str, Any]) -> None:
        super().__init__(data, initial={**_initial(terms), **initial})
        self.tiers = cast("_TierFormSet", _TierForms(data, prefix="tiers", initial=_initial_tiers(terms)))

    def is_valid(self) -> bool:
        """The tiers too, but only where the fee has any."""
        return super().is_valid() and (self.cleaned_data["fee_type"] != FeeKind.TIERED or self.tiers.is_valid())

    def fee_terms(self) -> dict[str, Any]:
        """The members of a Definition that say what a payment costs."""
        values = self.cleaned_data
        kind, payer = FeeKind(values["fee_type"]), FeePayer(values["fee_payer"])
        if kind is FeeKind.FREE:
            return {}
        if kind is FeeKind.FLAT:
            if payer is FeePayer.DEBTOR and values["fee_amount"] is not None:
                return {"processing_fee": values["fee_amount"]}  # the short form of the same, which callers of the API know
            return {"fee_schedule": FeeSchedule(type=FeeType.FLAT, payer=payer, amount=values["fee_amount"])}
        bounds = {"minimum": values["fee_min"], "maximum": values["fee_max"]}
        if kind is FeeKind.PERCENTAGE:
            return {"fee_schedule": FeeSchedule(type=FeeType.PERCENTAGE, payer=payer, percentage=values["fee_percentage"], **bounds)}
        tiers = tuple(form.tier for form in self.tiers.given() if form.tier is not None)
        return {"fee_schedule": FeeSchedule(type=FeeType.TIERED, payer=payer, tiers=tiers, **bounds)}

    def refuse_tier(self, position: int, member: str, detail: str) -> None:
        """At the row that was given as the tier of this number."""
        self.tiers.given()[position].add_error(_MEMBERS.get(member, "amount"), detail.replace("upTo", f"“{_UP_TO}”"))

    def fee_field_of(self, member: str) -> str:
        """Where a refusal of this member of the fee is shown."""
        field = {"type": "fee_type", "tiers": "fee_type", "payer": "fee_payer"}.get(member, f"fee_{member}")
        if field in self.fields:
            return field
        return "fee_amount" if self.cleaned_data["fee_type"] == FeeKind.FLAT else "fee_type"


def _initial(terms: Definition) -> dict[str, Any]:
    schedule = terms.fee_schedule
    if schedule is None:
        kind = FeeKind.FLAT if terms.processing_fee else FeeKind.FREE
        return {"fee_type": kind.value, "fee_payer": FeePayer.DEBTOR.value, "fee_amount": typed(terms.processing_fee or None)}
    return {
        "fee_type": schedule.type.value,
        "fee_payer": schedule.payer.value,
        "fee_amount": typed(schedule.amount),
        "fee_percentage": _per_cent(schedule.percentage),
        "fee_min": typed(schedule.minimum),
        "fee_max": typed(schedule.maximum),
    }


def _initial_tiers(terms: Definition) -> list[dict[str, str]]:
    tiers = terms.fee_schedule.tiers if terms.fee_schedule is not None else ()
    return [{"up_to": typed(tier.up_to), "amount": typed(tier.amount), "percentage": _per_cent(tier.percentage)} for tier in tiers]


def _per_cent(value: Decimal | None) -> str:
    return "" if value is None else percentage(value)
