"""The forms of the accounts' and journals' pages."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.core import signing
from stdnum import iban
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Account, Customer
from accounts.panels import account_label
from payment_engine.ids import new_id
from payment_engine.money import is_currency
from tenants.portal.forms import AmountField, OperationForm, RecordField

_FORM_LIFE_SECONDS: Final = 24 * 3600
_signer: Final = signing.TimestampSigner(salt="accounts.admin.journal")


class _Text(forms.CharField):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**{"widget": UnfoldAdminTextInputWidget(), **options})


class _Currency(_Text):
    def clean(self, value: object) -> str:
        currency: str = super().clean(value).upper()
        if currency and not is_currency(currency):
            raise forms.ValidationError("not an ISO 4217 currency code in use, such as EUR")
        return currency


class _JournalId(forms.CharField):
    """The id the journal will have, made with the form and signed: a form that is sent twice posts once."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput(), initial=lambda: _signer.sign(new_id().hex))

    def clean(self, value: object) -> UUID:
        try:
            return UUID(hex=_signer.unsign(super().clean(value), max_age=_FORM_LIFE_SECONDS))
        except signing.BadSignature as error:
            raise forms.ValidationError("this form is out of date: open it again") from error


def _account_field(help_text: str) -> RecordField:
    return RecordField(picker="accounts_account", queryset=Account.objects.all(), label_of=account_label, help_text=help_text)


class OpenAccountForm(OperationForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"account_exists": "iban", "currency_unknown": "currency"}

    customer = RecordField(picker="accounts_customer", queryset=Customer.objects.all())
    name = _Text(max_length=140, label="Name of the account")
    currency = _Currency(min_length=3, max_length=3, help_text="ISO 4217 code, such as EUR")
    iban = _Text(max_length=42, required=False, label="IBAN")
    number = _Text(max_length=34, required=False, label="Account number", help_text="Left empty, one is made")
    type = forms.ChoiceField(
        choices=Account.Type.choices,
        initial=Account.Type.LIABILITY,
        widget=UnfoldAdminSelectWidget(),
        help_text="What the bank owes its customers is a liability",
    )
    overdraft_limit = AmountField(required=False, help_text="How far the balance may go below zero; empty for not at all")

    def clean_iban(self) -> str:
        value = str(iban.compact(self.cleaned_data["iban"]))
        if value and not iban.is_valid(value):
            raise forms.ValidationError("this is not a valid IBAN")
        return value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "currency" in values:
            values["overdraft_limit_minor"] = self.minor_units("overdraft_limit", values["currency"], zero_allowed=True) or 0
        return values


class RenameForm(OperationForm):
    name = _Text(max_length=140)


class _InCurrency(OperationForm):
    def __init__(self, *args: Any, currency: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.currency = currency


class OverdraftForm(_InCurrency):
    fields_of_codes: ClassVar[dict[str, str]] = {"overdraft_in_use": "overdraft_limit"}

    overdraft_limit = AmountField(help_text="How far the balance may go below zero")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["overdraft_limit_minor"] = self.minor_units("overdraft_limit", self.currency, zero_allowed=True)
        return values


class OpeningBalanceForm(_InCurrency):
    amount = AmountField(help_text='A plain decimal number such as "1500.00"')
    journal = _JournalId()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["amount_minor"] = self.minor_units("amount", self.currency)
        return values


class ManualJournalForm(OperationForm):
    fields_of_codes: ClassVar[dict[str, str]] = {
        "insufficient_funds": "amount",
        "currency_mismatch": "credit_account",
        "same_account": "credit_account",
    }

    debit_account = RecordField(
        picker="accounts_account", queryset=Account.objects.all(), label_of=account_label, help_text="Its balance goes down"
    )
    credit_account = RecordField(
        picker="accounts_account", queryset=Account.objects.all(), label_of=account_label, help_text="Its balance goes up"
    )
    amount = AmountField(help_text='In the currency of both accounts: a plain decimal number such as "1500.00"')
    description = forms.CharField(
        max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), help_text="Why; stays with the journal"
    )
    journal = _JournalId()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "debit_account" in values:
            values["amount_minor"] = self.minor_units("amount", values["debit_account"].currency)
        return values
