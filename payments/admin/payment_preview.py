"""The box "What would happen to this payment": a payment is typed in, and every rule says what it thinks of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import Account
from accounts.panels import account_label
from accounts.rules import in_electronic_form, is_iban
from config_mgmt.admin.forms import MomentField
from payment_engine.clock import now
from payment_engine.errors import EngineError
from payment_engine.money import is_currency
from payments.admin.limit_usage import usage_panel
from payments.admin.payment_type_words import rail_name
from payments.models import PaymentType
from payments.queries.preview import PaymentPreview, preview_payment
from payments.rules import Allowed
from payments.terms import PaymentTerms
from payments.value_dates import ValueDate
from payments.verdicts import Rule, Verdict
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, grouped
from tenants.portal.forms import AmountField, OperationForm, RecordField

_DEFAULT_CURRENCY: Final = "EUR"


def _account_field(label: str, *, required: bool = True) -> RecordField:
    return RecordField(
        queryset=Account.objects.all(),
        picker="accounts_account",
        label_of=account_label,
        label=label,
        required=required,
        help_text="By number, IBAN or name",
    )


class PreviewForm(OperationForm):
    """Sent by GET, as it changes nothing; accounts kept here travel as ids, so that no number of theirs stands in an address."""

    amount = AmountField()
    currency = forms.CharField(max_length=3, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
    debtor = _account_field("From")
    creditor = _account_field("To", required=False)
    creditor_iban = forms.CharField(
        required=False,
        max_length=42,
        label="Or to another bank",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="An IBAN that is not kept here",
    )
    at = MomentField(label="At (UTC)", help_text="Empty: now")

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not is_currency(currency):
            raise forms.ValidationError("this is not an ISO 4217 currency code in use")
        return currency

    def clean_creditor_iban(self) -> str:
        iban: str = in_electronic_form(self.cleaned_data["creditor_iban"])
        if iban and not is_iban(iban):
            raise forms.ValidationError("this is not a valid IBAN")
        return iban

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not {"creditor", "creditor_iban"} & self.errors.keys() and bool(values.get("creditor")) == bool(values.get("creditor_iban")):
            self.add_error("creditor", "name the creditor once: an account kept here, or an IBAN at another bank")
        if "currency" in values:
            values["amount_minor"] = self.minor_units("amount", values["currency"])
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewBox:
    """What the page shows: the form, and once it was sent the answer."""

    form: PreviewForm
    version: PaymentType
    sentence: str = ""
    is_allowed: bool = False
    facts: tuple[tuple[str, SafeString | str], ...] = ()
    panels: tuple[Panel, ...] = ()


def preview_box(request: HttpRequest, version: PaymentType) -> PreviewBox:
    sent = "amount" in request.GET
    currency = version.currencies[0] if version.currencies else _DEFAULT_CURRENCY
    form = PreviewForm(request.GET if sent else None, initial={"currency": currency})
    if not sent or not form.is_valid():
        return PreviewBox(form=form, version=version)
    try:
        return _answered(form, version)
    except EngineError as error:
        form.refuse(error)
        return PreviewBox(form=form, version=version)


def _answered(form: PreviewForm, version: PaymentType) -> PreviewBox:
    given = form.cleaned_data
    at: datetime = given["at"] or now()
    preview = preview_payment(
        version=version,
        amount_minor=given["amount_minor"],
        currency=given["currency"],
        debtor=given["debtor"].pk,
        creditor=given["creditor_iban"] or given["creditor"].pk,
        at=at,
    )
    outcome = preview.outcome
    return PreviewBox(
        form=form,
        version=version,
        sentence=_fate(outcome, preview.terms) if isinstance(outcome, Allowed) else f"It would be refused: {grouped(outcome.detail)}.",
        is_allowed=isinstance(outcome, Allowed),
        facts=tuple(_facts(preview, given["currency"])),
        panels=tuple(_panels(preview)),
    )


def _fate(allowed: Allowed, terms: PaymentTerms) -> str:
    """What would become of it, to its end."""
    if allowed.creditor is None:
        carried = f"its money would be set aside, and it would leave the bank over {_rails(allowed, terms)}"
    elif terms.synchronous:
        carried = "it would be booked at once"
    else:
        carried = "its money would be set aside, and a worker would book it within seconds"
    if allowed.needs_approval:
        return f"It would wait for another person's approval. Then {carried}."
    return f"{carried[0].upper()}{carried[1:]}."


def _rails(allowed: Allowed, terms: PaymentTerms) -> str:
    """The rail it would take, and those after it; one that is out of service waits for its turn like the rest."""
    others = (rail for rail in terms.route.ways_out if rail != allowed.rail)
    return ", else ".join(rail_name(rail) for rail in (allowed.rail, *others))


def _facts(preview: PaymentPreview, currency: str) -> list[tuple[str, SafeString | str]]:
    day = preview.value_date.date.isoformat() if isinstance(preview.value_date, ValueDate) else NOTHING
    if not isinstance(preview.outcome, Allowed):
        return [("Value date", day), ("Refused with", preview.outcome.code)]
    allowed = preview.outcome
    return [
        ("Carried by", "Booked at once" if allowed.at_once else rail_name(allowed.rail)),
        ("Fee", amount(allowed.fee_minor, currency)),
        ("The debtor is charged", amount(allowed.debit_minor, currency)),
        ("The creditor gets", amount(allowed.credit_minor, currency)),
        ("Value date", day),
    ]


def _panels(preview: PaymentPreview) -> list[Panel]:
    panels = [
        Panel(
            title="Each rule",
            columns=(Column(heading="Rule"), Column(heading="Verdict"), Column(heading="Why")),
            rows=[(verdict.rule.value, _badge(verdict, preview.outcome), _why(verdict)) for verdict in preview.verdicts],
            empty="",
        ),
        _value_date_panel(preview.value_date),
    ]
    if preview.usage:
        panels.append(usage_panel(preview.usage, title="Used by the debtor account so far", empty=""))
    return panels


def _badge(verdict: Verdict, outcome: Allowed | EngineError) -> SafeString:
    if verdict.rule is Rule.APPROVAL and not isinstance(outcome, Allowed):
        return badge("", "Not asked for")  # nobody is asked about what another rule refuses
    if verdict.rule is Rule.APPROVAL and isinstance(outcome, Allowed) and outcome.needs_approval:
        return badge("PENDING_APPROVAL", "Waits")
    if not verdict.judged:
        return badge("", "Not judged")
    return badge("ACTIVE", "Passes") if verdict.refusal is None else badge("REJECTED", "Refuses")


def _why(verdict: Verdict) -> str:
    return grouped(verdict.detail if verdict.refusal is None else verdict.refusal.detail)


def _value_date_panel(found: ValueDate | EngineError) -> Panel:
    if isinstance(found, EngineError):
        rows: list[tuple[str, str]] = [(NOTHING, found.detail)]
    else:
        rows = [*((_day(reason.date), reason.text) for reason in found.reasons), (_day(found.date), "It counts from this day.")]
    return Panel(title="Value date", columns=(Column(heading="Day"), Column(heading="Why")), rows=rows, empty="")


def _day(day: date) -> SafeString:
    return format_html('<span class="portal-moment">{}</span>', day.isoformat())
