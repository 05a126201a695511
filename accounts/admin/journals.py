"""Journals to look at, and the four fields of a manual one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.admin.forms import ManualJournalForm
from accounts.models import Journal
from accounts.operations.journals import post_manual_journal
from accounts.panels import postings_of_journal
from payment_engine.ids import public_id
from tenants.portal.cells import Panel, badge, moment, record_link
from tenants.portal.forms import done, operation_page
from tenants.portal.model_admin import TenantModelAdmin


@admin.register(Journal)
class JournalAdmin(TenantModelAdmin[Journal]):
    id_prefix = "jrn"
    nothing_yet = "No journals yet. Every payment and every opening balance posts one."
    newest_first = ("-id",)
    list_display = ("short_id", "posted", "sort", "description", "valued", "posting_count", "created_by")
    list_filter = ("kind",)
    search_help_text = "Id (jrn_…)"
    fields = ("public_id", "sort", "description", "valued", "payment", "created_by", "posted")
    readonly_fields = ("public_id", "sort", "valued", "payment", "posted")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def panels(self, record: Journal) -> list[Panel]:
        return [postings_of_journal(record.tenant_id, record.pk)]

    @admin.display(description="Kind")
    def sort(self, journal: Journal) -> SafeString:
        return badge(journal.kind, journal.get_kind_display())

    @admin.display(description="Posted")
    def posted(self, journal: Journal) -> str:
        return moment(journal.created_at)

    @admin.display(description="Value date")
    def valued(self, journal: Journal) -> str:
        return journal.value_date.isoformat()

    @admin.display(description="Payment")
    def payment(self, journal: Journal) -> str:
        payment_id = journal.payment_id
        return record_link("payments_payment_change", payment_id, public_id("pay", payment_id) if payment_id else None)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            journal_id = post_manual_journal(
                debit_account_id=values["debit_account"].pk,
                credit_account_id=values["credit_account"].pk,
                amount_minor=values["amount_minor"],
                currency=values["debit_account"].currency,
                description=values["description"],
                created_by=request.user.get_username(),
                journal_id=values["journal"],
            )
            journal = Journal.objects.get(pk=journal_id)
            self.log_addition(request, journal, "Posted.")
            return done(request, "The journal is posted.", self.change_url(journal))

        return operation_page(
            request,
            self,
            form=ManualJournalForm(request.POST or None),
            title="Post a journal",
            button="Post journal",
            run=run,
            explanation="Moves an amount from one account to another by hand. What is posted stays: another journal corrects a mistake.",
        )
