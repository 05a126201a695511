"""Payment types: every version there was, and the form that puts the next one in force."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from payments.models import PaymentType
from payments.operations.payment_types import retire_payment_type, save_payment_type
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import Column, Panel, badge, moment, plain, record_link
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin, may_write

_TERMS = ("name", "description", "is_synchronous", "currencies", "min_amount", "max_amount", "daily_limit", "processing_fee")


def _decimal(**options: Any) -> forms.DecimalField:  # noqa: ANN401
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(max_digits=22, decimal_places=4, widget=widget, **{"required": False, **options})


class TermsForm(OperationForm):
    name = forms.CharField(max_length=140, widget=UnfoldAdminTextInputWidget())
    description = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    currencies = SimpleArrayField(
        forms.CharField(max_length=3),
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="ISO 4217 codes with commas; empty: all",
    )
    processing_fee = _decimal(required=True, initial="0", help_text="Paid by the debtor on top of the amount")
    min_amount = _decimal(label="Smallest amount")
    max_amount = _decimal(label="Largest amount")
    daily_limit = _decimal(help_text="In total per debtor account, currency and UTC day")
    is_synchronous = forms.BooleanField(
        required=False, initial=True, label="Booked while the caller waits", widget=UnfoldBooleanSwitchWidget()
    )
    expected_version = forms.IntegerField(widget=forms.HiddenInput(), initial=0)

    def clean_currencies(self) -> list[str]:
        return [currency.strip().upper() for currency in self.cleaned_data["currencies"]]


class NewPaymentTypeForm(TermsForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"conflict": "code"}

    code = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(), help_text="What callers send, such as INTERNAL_TRANSFER")
    field_order = ("code",)


@admin.register(PaymentType)
class PaymentTypeAdmin(ReadOnlyTenantModelAdmin[PaymentType]):
    id_prefix = "pty"
    list_display = ("code", "version", "name", "state", "served", "amount_fee", "amount_min", "amount_max", "amount_daily")
    list_filter = ("status",)
    search_help_text = "Code or a part of the name"
    newest_first = ("code", "-version")
    fieldsets = (
        (None, {"fields": (("code", "version"), ("name", "state"), "description")}),
        ("Terms", {"fields": (("served", "is_synchronous"), ("amount_min", "amount_max"), ("amount_daily", "amount_fee"), "created")}),
    )
    readonly_fields = ("state", "served", "amount_fee", "amount_min", "amount_max", "amount_daily", "created")
    actions_detail = ("edit", "retire")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_write() and request.user.has_perm("payments.add_paymenttype")

    def matching(self, term: str) -> Q:
        return Q(code=term.upper()) | Q(name__icontains=term)

    @admin.display(description="Status")
    def state(self, payment_type: PaymentType) -> SafeString:
        return badge(payment_type.status)

    @admin.display(description="Currencies")
    def served(self, payment_type: PaymentType) -> str:
        return ", ".join(payment_type.currencies) or "all"

    @admin.display(description="Fee")
    def amount_fee(self, payment_type: PaymentType) -> str:
        return plain(payment_type.processing_fee)

    @admin.display(description="Smallest amount")
    def amount_min(self, payment_type: PaymentType) -> str:
        return plain(payment_type.min_amount)

    @admin.display(description="Largest amount")
    def amount_max(self, payment_type: PaymentType) -> str:
        return plain(payment_type.max_amount)

    @admin.display(description="Daily limit")
    def amount_daily(self, payment_type: PaymentType) -> str:
        return plain(payment_type.daily_limit)

    @admin.display(description="In force since")
    def created(self, payment_type: PaymentType) -> str:
        return moment(payment_type.created_at)

    def panels(self, record: PaymentType) -> list[Panel]:
        versions = PaymentType.objects.filter(tenant_id=record.tenant_id, code=record.code).order_by("-version")[:50]
        return [
            Panel(
                title="Versions",
                columns=(
                    Column(heading="Version"),
                    Column(heading="Status"),
                    Column(heading="Since"),
                    Column(heading="Fee", numeric=True),
                    Column(heading="Smallest", numeric=True),
                    Column(heading="Largest", numeric=True),
                    Column(heading="Per day", numeric=True),
                ),
                rows=[
                    (
                        record_link("payments_paymenttype_change", version.pk, f"Version {version.version}"),
                        badge(version.status),
                        moment(version.created_at),
                        plain(version.processing_fee),
                        plain(version.min_amount),
                        plain(version.max_amount),
                        plain(version.daily_limit),
                    )
                    for version in versions
                ],
                empty="No versions.",
            )
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        payment_type = self.get_object(request, str(object_id))
        if payment_type is None or payment_type.status != PaymentType.Status.ACTIVE:
            return []
        buttons: list[Any] = super().get_actions_detail(request, object_id)
        return buttons

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            payment_type = save_payment_type(**values)
            self.log_addition(request, payment_type, f"Version {payment_type.version} in force.")
            return done(request, f"{payment_type.code} is in force.", self.change_url(payment_type))

        form = NewPaymentTypeForm(request.POST or None)
        return operation_page(request, self, form=form, title="Add payment type", button="Put in force", run=run)

    @button("Edit", icon="edit", kind=Kind.PRIMARY)
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        current = self._in_force(request, object_id)

        def run(values: dict[str, Any]) -> HttpResponse:
            saved = save_payment_type(code=current.code, **values)
            self.log_change(request, saved, f"Version {saved.version} in force.")
            return done(request, f"{saved.code} version {saved.version} is in force.", self.change_url(saved))

        terms = {name: plain(value) if isinstance(value := getattr(current, name), Decimal) else value for name in _TERMS}
        return operation_page(
            request,
            self,
            form=TermsForm(request.POST or None, initial={**terms, "expected_version": current.version}),
            title=f"Edit {current.code}",
            button="Put in force",
            run=run,
            record=current,
            explanation=f"Saving makes version {current.version + 1} and retires version {current.version}; earlier payments keep theirs.",
        )

    @button("Retire", icon="block", kind=Kind.DANGER)
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        current = self._in_force(request, object_id)

        def run(_values: dict[str, Any]) -> HttpResponse:
            retired = retire_payment_type(code=current.code)
            self.log_change(request, retired, "Retired.")
            return done(request, f"{retired.code} is retired.", self.change_url(retired))

        sentence = "No more payments of this type are taken until a new version is put in force."
        form = OperationForm(request.POST or None)
        return operation_page(
            request, self, form=form, title="Retire", button="Retire", run=run, record=current, explanation=sentence, dangerous=True
        )

    def _in_force(self, request: HttpRequest, object_id: str) -> PaymentType:
        payment_type: PaymentType | None = self.get_object(request, object_id)
        if payment_type is None or payment_type.status != PaymentType.Status.ACTIVE:
            raise Http404
        return payment_type
