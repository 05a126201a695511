"""Payments to look at, with what they moved; and the form that reverses one."""

from datetime import timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.panels import postings_of_journal
from config_mgmt.admin.request import actor_of
from payment_engine.clock import now
from payment_engine.ids import public_id
from payments.admin import work_lists
from payments.admin.payment_cells import Accounts, accounts_of, creditor_cell, debtor_cell, rail_of
from payments.admin.payment_decisions import APPROVE, CANCEL, OWN_PAYMENT, REJECT, buttons_of, decide, is_own
from payments.admin.payment_panels import parties_panel, reversals_panel, unanswered_note, waiting_panels
from payments.models import Payment, PaymentType, Reversal
from payments.operations.reverse import reverse_payment
from payments.queries.payments import mentioned_as
from payments.states import PaymentStatus
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import Panel, amount, badge, code, grouped_amount, moment, record_link
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
    nothing_yet = "No payments yet. They come by POST /api/v1/transactions, or in a pain.001 message."
    list_display = ("short_id", "created", "state", "amount_paid", "from_and_to", "type_code", "reference")
    list_filter = ("status", PaymentTypeFilter)
    search_help_text = f"Id (pay_…), or exactly a reference, end-to-end id, UETR, IBAN or idempotency key, of the last {SEARCHED_DAYS} days"
    actions_detail = ("approve", "reject", "cancel", "reverse")
    change_form_outer_before_template = "portal/payments/note.html"
    fieldsets = (
        (
            None,
            {"fields": (("state", "type_and_version"), ("amount_paid", "amount_fee"), ("debtor", "creditor"), "remittance_information")},
        ),
        (
            "Outcome",
            {
                "fields": (
                    ("created", "completed"),
                    ("carried_by", "next_attempt"),
                    ("amount_reversed", "valued"),
                    ("reason_code", "reason"),
                )
            },
        ),
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
        "carried_by",
        "next_attempt",
        "valued",
        "uetr_shown",
        "message",
    )

    def matching(self, term: str) -> Q:
        """Bounded by age, because references have no index: payments are written all day, and each index has its price."""
        return mentioned_as(term) & Q(created_at__gte=now() - timedelta(days=SEARCHED_DAYS))

    def prepare_rows(self, rows: list[Payment]) -> None:
        """The accounts of a whole page, read once per tenant on it."""
        accounts = accounts_of(rows)
        for payment in rows:
            payment.portal_accounts = accounts  # type: ignore[attr-defined]  # shown on this page only

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Payment | None:
        payment: Payment | None = super().get_object(request, object_id, from_field)
        if payment is not None:
            self.prepare_rows([payment])
        return payment

    def panels(self, record: Payment) -> list[Panel]:
        reversals = list(Reversal.objects.filter(tenant_id=record.tenant_id, payment_id=record.pk).order_by("id")[:100])
        panels = [parties_panel(record.parties)] if record.parties else []
        panels += waiting_panels(record)
        if record.journal_id is not None:
            panels += [postings_of_journal(record.tenant_id, record.journal_id, "Journal"), reversals_panel(reversals)]
        for number, reversal in enumerate(reversals[:10], start=1):
            panels.append(postings_of_journal(record.tenant_id, reversal.journal_id, f"Journal of reversal {number}"))
        return panels

    @admin.display(description="Status")
    def state(self, payment: Payment) -> SafeString:
        return badge(payment.status)

    @admin.display(description="Payment type")
    def type_code(self, payment: Payment) -> SafeString:
        return code(payment.payment_type)

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
        return debtor_cell(payment, _accounts(payment))

    @admin.display(description="Creditor")
    def creditor(self, payment: Payment) -> str:
        return creditor_cell(payment, _accounts(payment))

    @admin.display(description="From, to")
    def from_and_to(self, payment: Payment) -> str:
        """One above the other: side by side they fill the page of a laptop."""
        return format_html("{}<br>{}", self.debtor(payment), self.creditor(payment))

    @admin.display(description="Created")
    def created(self, payment: Payment) -> str:
        return moment(payment.created_at)

    @admin.display(description="Completed")
    def completed(self, payment: Payment) -> str:
        return moment(payment.completed_at)

    @admin.display(description="Carried by")
    def carried_by(self, payment: Payment) -> str:
        return rail_of(payment)

    @admin.display(description="Next attempt")
    def next_attempt(self, payment: Payment) -> str:
        return moment(payment.next_attempt_at)

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

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        payment = self.get_object(request, object_id)
        note = "" if payment is None or not self.has_view_permission(request, payment) else self._note(request, payment)
        return super().change_view(request, object_id, form_url, {"note": note, **(extra_context or {})})

    def _note(self, request: HttpRequest, payment: Payment) -> str:
        if payment.status == PaymentStatus.PENDING_APPROVAL and is_own(payment, actor_of(request)):
            return OWN_PAYMENT
        return unanswered_note(payment)

    def get_urls(self) -> list[URLPattern]:
        return [*work_lists.urls(self), *super().get_urls()]

    # --- Buttons

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        payment = self.get_object(request, str(object_id))
        if payment is None or not self.has_operate_permission(request):
            return []
        allowed = {f"payments_payment_{name}" for name in buttons_of(payment, own=is_own(payment, actor_of(request)))}
        return [each for each in super().get_actions_detail(request, object_id) if each.action_name in allowed]

    @button("Approve", icon="check", kind=Kind.PRIMARY)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return decide(request, self, self._payment(request, object_id), APPROVE)

    @button("Reject", icon="block", kind=Kind.DANGER)
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return decide(request, self, self._payment(request, object_id), REJECT)

    @button("Cancel", icon="close")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return decide(request, self, self._payment(request, object_id), CANCEL)

    @button("Reverse", icon="undo", kind=Kind.DANGER)
    def reverse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        payment = self._payment(request, object_id)

        def run(values: dict[str, Any]) -> HttpResponse:
            reversal = reverse_payment(
                payment_id=payment.pk,
                amount_minor=values["amount_minor"],
                reason=values["reason"],
                created_by=request.user.get_username(),
                reversed_before_minor=values["reversed_before_minor"],
            )
            sentence = f"{grouped_amount(reversal.amount_minor, reversal.currency)} {reversal.currency} reversed."
            self.log_change(request, payment, sentence)
            return done(request, sentence, self.change_url(payment))

        left = grouped_amount(payment.amount_minor - payment.reversed_minor, payment.currency)
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

    def _payment(self, request: HttpRequest, object_id: str) -> Payment:
        payment = self.get_object(request, object_id)
        if payment is None:
            raise Http404
        return payment


def _accounts(payment: Payment) -> Accounts:
    return getattr(payment, "portal_accounts", {})
