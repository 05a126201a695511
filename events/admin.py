"""The outbox to look at: what happened, and whether it was told."""

from django.contrib import admin

from events.models import OutboxEvent
from tenants.portal.cells import moment
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyTenantModelAdmin[OutboxEvent]):
    id_prefix = "evt"
    nothing_yet = "No events yet. What happens to payments, accounts and configuration is written here to be told."
    newest_first = ("-id",)
    list_display = ("short_id", "topic", "subject_id", "created", "told")
    list_filter = (("told_at", admin.EmptyFieldListFilter),)
    search_help_text = "Id (evt_…)"
    fields = ("public_id", "topic", "subject_id", "payload", "correlation_id", "created", "told")
    readonly_fields = ("public_id", "created", "told")

    @admin.display(description="Happened")
    def created(self, event: OutboxEvent) -> str:
        return moment(event.created_at)

    @admin.display(description="Told")
    def told(self, event: OutboxEvent) -> str:
        return moment(event.told_at)
