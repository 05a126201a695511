"""Payments to look at, with what they moved; and the form that reverses one."""

from datetime import timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import Account
from accounts.panels import account_link, accounts_by_id, postings_of_journal
from payment_engine.clock import now
from payment_engine.ids import public_id
from payment_engine.money import format_amount
from payments.models import Payment, PaymentType, Reversal
from payments.operations.reverse import reverse_payment
from payments.states import PaymentStatus
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, moment, record_link
from tenants.portal.forms import AmountField, OperationForm, done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin

SEARCHED_DAYS: Final = 90


class PaymentTypeFilter(admin.SimpleListFilter):
    title = "payment type"
    parameter_name = "payment_type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        codes = PaymentType.objects.order_by("code").values_list("code", flat=True).distinct()
        return [(code, code) for code in codes[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        return queryset.filter(payment_type=self.value()) if self.value() else queryset


class ReversalForm(OperationForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"insufficient_funds": "amount"}

    amount = AmountField(required=False, help_text="Empty: all that is left")
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget(), help_text="Stays with the reversal and its journal")
    reversed_before_minor = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, data: QueryDict | None, *, payment: Payment) -> None:
        super().__init__(data, initial={"reversed_before_minor": payment.reversed_minor})
        self.currency = payment.currency

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["amount_minor"] = self.minor_units("amount", self.currency)
        return values


@admin.register(Payment)
class PaymentAdmin(ReadOnlyTenantModelAdmin[Payment]):
    id_prefix = "pay"
    list_display = ("short_id", "created", "state", "amount_paid", "debtor", "creditor", "payment_type", "reference")
    list_filter = ("status", PaymentTypeFilter)
    search_help_text = f"Id (pay_…), or exactly the reference, end-to-end id or idempotency key, of the last {SEARCHED_DAYS} days"
    actions_detail = ("reverse",)
    fieldsets = (
        (
            None,
            {"fields": (("state", "type_and_version"), ("amount_paid", "amount_fee"), ("debtor", "creditor"), "remittance_information")},
        ),
        ("Outcome", {"fields": (("created", "completed"), ("amount_reversed", "valued"), ("reason_code", "reason"))}),
        (
            "References",
            {
                "fields": (
                    ("public_id", "uetr_shown"),
                    ("reference", "end_to_end_id"),
                    ("idempotency_key", "correlation_id"),
                    ("message", "created_by"),
                    "metadata",
                )
            },
        ),
    )
    readonly_fields = (
        "public_id",
        "state",
        "type_and_version",
        "amount_paid",
        "amount_fee",
        "amount_reversed",
        "debtor",
        "creditor",
        "created",
        "completed",
        "valued",
        "uetr_shown",
        "message",
    )

    def matching(self, term: str) -> Q:
        """Bounded by age, because references have no index: payments are written all day, and each index has its price."""
        exactly = Q(reference=term) | Q(end_to_end_id=term) | Q(idempotency_key=term)
        return exactly & Q(created_at__gte=now() - timedelta(days=SEARCHED_DAYS))

    def prepare_rows(self, rows: list[Payment]) -> None:
        """The accounts of a whole page, read once per tenant on it."""
        for tenant_id in {payment.tenant_id for payment in rows}:
            own = [payment for payment in rows if payment.tenant_id == tenant_id]
            ids = {key for payment in own for key in (payment.debtor_account_id, payment.creditor_account_id) if key}
            accounts = accounts_by_id(tenant_id, ids)
            for payment in own:
                payment.portal_accounts = accounts  # type: ignore[attr-defined]  # shown on this page only

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Payment | None:
        payment: Payment | None = super().get_object(request, object_id, from_field)
        if payment is not None:
            self.prepare_rows([payment])
        return payment

    def panels(self, record: Payment) -> list[Panel]:
        reversals = list(Reversal.objects.filter(tenant_id=record.tenant_id, payment_id=record.pk).order_by("id")[:100])
        panels = [_reversals(reversals)]
        if record.journal_id is not None:
            panels.insert(0, postings_of_journal(record.tenant_id, record.journal_id, "Journal"))
        for number, reversal in enumerate(reversals[:10], start=1):
            panels.append(postings_of_journal(record.tenant_id, reversal.journal_id, f"Journal of reversal {number}"))
        return panels

    @admin.display(description="Status")
    def state(self, payment: Payment) -> SafeString:
        return badge(payment.status)

    @admin.display(description="Payment type")
    def type_and_version(self, payment: Payment) -> str:
        return f"{payment.payment_type}, version {payment.payment_type_version}"

    @admin.display(description="Amount")
    def amount_paid(self, payment: Payment) -> SafeString:
        return amount(payment.amount_minor, payment.currency)

    @admin.display(description="Fee")
    def amount_fee(self, payment: Payment) -> SafeString:
        return amount(payment.fee_minor, payment.currency)

    @admin.display(description="Reversed so far")
    def amount_reversed(self, payment: Payment) -> SafeString:
        return amount(payment.reversed_minor, payment.currency)

    @admin.display(description="Debtor")
    def debtor(self, payment: Payment) -> str:
        return account_link(_account(payment, payment.debtor_account_id))

    @admin.display(description="Creditor")
    def creditor(self, payment: Payment) -> str:
        return account_link(_account(payment, payment.creditor_account_id))

    @admin.display(description="Created")
    def created(self, payment: Payment) -> str:
        return moment(payment.created_at)

    @admin.display(description="Completed")
    def completed(self, payment: Payment) -> str:
        return moment(payment.completed_at)

    @admin.display(description="Value date")
    def valued(self, payment: Payment) -> str:
        return payment.value_date.isoformat()

    @admin.display(description="UETR")
    def uetr_shown(self, payment: Payment) -> str:
        return str(payment.uetr)

    @admin.display(description="ISO 20022 message")
    def message(self, payment: Payment) -> str:
        message_id = payment.message_id
        return record_link("iso20022_message_change", message_id, public_id("msg", message_id) if message_id else None)

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        payment = self.get_object(request, str(object_id))
        reversible = payment is not None and payment.status == PaymentStatus.COMPLETED
        return super().get_actions_detail(request, object_id) if reversible else []

    @button("Reverse", icon="undo", kind=Kind.DANGER)
    def reverse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        payment = self.get_object(request, object_id)
        if payment is None:
            raise Http404

        def run(values: dict[str, Any]) -> HttpResponse:
            reversal = reverse_payment(
                payment_id=payment.pk,
                amount_minor=values["amount_minor"],
                reason=values["reason"],
                created_by=request.user.get_username(),
                reversed_before_minor=values["reversed_before_minor"],
            )
            sentence = f"{format_amount(reversal.amount_minor, reversal.currency)} {reversal.currency} reversed."
            self.log_change(request, payment, sentence)
            return done(request, sentence, self.change_url(payment))

        left = format_amount(payment.amount_minor - payment.reversed_minor, payment.currency)
        return operation_page(
            request,
            self,
            form=ReversalForm(request.POST or None, payment=payment),
            title="Reverse",
            button="Reverse payment",
            run=run,
            record=payment,
            explanation=f"Gives the money back to the debtor; {left} {payment.currency} can be reversed. The fee stays with the bank.",
            dangerous=True,
        )


def _account(payment: Payment, account_id: UUID | None) -> Account | None:
    accounts: dict[UUID, Account] = getattr(payment, "portal_accounts", {})
    return accounts.get(account_id) if account_id else None


def _reversals(reversals: list[Reversal]) -> Panel:
    return Panel(
        title="Reversals",
        columns=(
            Column(heading="Reversed"),
            Column(heading="Reason"),
            Column(heading="By"),
            Column(heading="Journal"),
            Column(heading="Amount", numeric=True),
        ),
        rows=[
            (
                moment(reversal.created_at),
                reversal.reason,
                reversal.created_by or NOTHING,
                record_link("accounts_journal_change", reversal.journal_id, public_id("jrn", reversal.journal_id)),
                amount(reversal.amount_minor, reversal.currency),
            )
            for reversal in reversals
        ],
        empty="Nothing of this payment has been reversed.",
    )
