"""Messages as operators see them: what came in, what went out, how far it is, what was found in it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from iso20022.downloads import document_response
from iso20022.models import Message, MessageTransaction
from payment_engine.ids import public_id
from tenants.portal.cells import NOTHING, Column, Panel, badge, link, moment, record_link
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin

SHOWN_TRANSACTIONS = 50


@admin.register(Message)
class MessageAdmin(ReadOnlyTenantModelAdmin[Message]):
    id_prefix = "msg"
    nothing_yet = "No messages yet. A bank's customer sends them to POST /api/v1/iso20022/pain001."
    list_display = ("short_id", "received", "message_type", "sent_as", "state", "group_status", "progress")
    list_filter = ("direction", "status", "family")
    search_help_text = "Id (msg_…) or MsgId"
    fields = (
        "public_id",
        "direction",
        "message_type",
        "sent_as",
        "initiator",
        "state",
        "group_status",
        "progress",
        "document",
        "answered",
        "created_by",
        "received",
        "completed",
    )
    readonly_fields = ("public_id", "sent_as", "initiator", "state", "progress", "document", "answered", "received", "completed")

    def matching(self, term: str) -> Q:
        return Q(original_message_id=term)

    def panels(self, record: Message) -> list[Panel]:
        return [_findings(record), *([_transactions(record)] if record.direction == Message.Direction.IN else [])]

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.document_view)
        return [path("<uuid:message_id>/document/", download, name="iso20022_message_document"), *super().get_urls()]

    def document_view(self, request: HttpRequest, message_id: Any) -> HttpResponseBase:  # noqa: ANN401
        """The original bytes, to be saved."""
        message = self.get_object(request, str(message_id))
        if message is None or not self.has_view_permission(request, message):
            raise Http404
        return document_response(message, {"Content-Disposition": f'attachment; filename="{message.public_id}.xml"'})

    @admin.display(description="MsgId")
    def sent_as(self, message: Message) -> str:
        return message.original_message_id or NOTHING

    @admin.display(description="Initiating party")
    def initiator(self, message: Message) -> str:
        identification, _, name = message.initiating_party.partition("|")
        return ", ".join(filter(None, (message.initiating_party_name or name, identification))) or NOTHING

    @admin.display(description="Status")
    def state(self, message: Message) -> SafeString:
        return badge(message.status)

    @admin.display(description="Processed")
    def progress(self, message: Message) -> str:
        if message.direction == Message.Direction.OUT:
            return NOTHING
        return f"{message.processed:,} of {message.total:,}: {message.accepted:,} accepted, {message.rejected:,} rejected"

    @admin.display(description="Document")
    def document(self, message: Message) -> SafeString:
        address = reverse("admin:iso20022_message_document", args=[message.pk])
        return link(address, f"{message.size_bytes:,} bytes of XML")

    @admin.display(description="Answers / answered by")
    def answered(self, message: Message) -> str:
        other = message.answers_id or Message.objects.filter(answers=message).values_list("id", flat=True).first()
        return record_link("iso20022_message_change", other, public_id("msg", other) if other else None)

    @admin.display(description="Received")
    def received(self, message: Message) -> str:
        return moment(message.created_at)

    @admin.display(description="Completed")
    def completed(self, message: Message) -> str:
        return moment(message.completed_at)


def _findings(message: Message) -> Panel:
    omitted = f" (and {message.findings_omitted:,} more)" if message.findings_omitted else ""
    return Panel(
        title=f"Findings{omitted}",
        columns=tuple(Column(heading=heading) for heading in ("Tier", "Code", "Takes down", "Line", "Path", "What")),
        rows=[
            (str(found["tier"]), found["code"], found["level"], str(found["line"]), found["path"], found["text"])
            for found in message.findings
        ],
        empty="Nothing was found wrong in this message.",
    )


def _why(row: MessageTransaction) -> str:
    """A line for each reason. The paths in them may be broken, so that the table is no wider than its page."""
    if row.reason_code is None:
        return NOTHING
    reasons = [(row.reason_code, row.reason or ""), *((reason["code"], reason["text"]) for reason in row.further_reasons or ())]
    lines = ((format_html_join(SafeString("/<wbr>"), "{}", ((step,) for step in f"{code}: {text}".split("/"))),) for code, text in reasons)
    return format_html_join(SafeString("<br>"), "{}", lines)


def _transactions(message: Message) -> Panel:
    rows = MessageTransaction.objects.filter(tenant_id=message.tenant_id, message_id=message.id)
    shown = list(rows.order_by("payment_index", "transaction_index")[:SHOWN_TRANSACTIONS])
    return Panel(
        title=f"Transactions (the first {SHOWN_TRANSACTIONS})" if message.total > SHOWN_TRANSACTIONS else "Transactions",
        columns=tuple(Column(heading=heading) for heading in ("Block", "End-to-end id", "Status", "Why", "Payment")),
        rows=[
            (
                row.payment_information_id,
                row.end_to_end_id,
                badge(row.status),
                _why(row),
                record_link("payments_payment_change", row.payment_id, public_id("pay", row.payment_id) if row.payment_id else None),
            )
            for row in shown
        ],
        empty="No transaction of this message is processed yet.",
    )
