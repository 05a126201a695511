"""Payment types: what is in force and what waits, the form that drafts the next version, and the steps of its life."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from config_mgmt.admin.cells import who
from config_mgmt.admin.request import actor_of
from payments.admin.limit_usage import usage_page
from payments.admin.payment_preview import PreviewForm, preview_box
from payments.admin.payment_type_forms import NewPaymentTypeForm, ScheduleForm, TermsForm
from payments.admin.payment_type_panels import (
    SHOWN_VERSIONS,
    diff_to_force,
    draft_badge,
    status_badge,
    versions_like,
    versions_panel,
)
from payments.admin.payment_type_seen import fingerprint, unchanged_since
from payments.admin.payment_type_steps import Step, discard_explanation, edit_explanation, steps_of, take_step
from payments.admin.payment_type_words import currencies_in_words, fee_in_words, limits_in_words, terms_in_words
from payments.definitions import Definition, definition_of
from payments.models import PaymentType
from payments.operations.payment_types import (
    activate_payment_type,
    create_payment_type,
    discard_draft,
    put_payment_type,
    retire_payment_type,
    roll_back_payment_type,
)
from payments.queries.payment_types import draft_of, shown_among, shown_version
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import NOTHING, Panel, moment
from tenants.portal.forms import done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin, may_change, may_write

_Status = PaymentType.Status
_FORM = "portal/payment_types/terms.html"


class VersionsFilter(admin.SimpleListFilter):
    """One row for each payment type, unless somebody wants to see every version there was."""

    title = "versions"
    parameter_name = "versions"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("all", "Every version")]

    def choices(self, changelist: Any) -> Any:  # noqa: ANN401  # as Django's own
        first, *others = super().choices(changelist)
        return [{**first, "display": "One for each type"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PaymentType]) -> QuerySet[PaymentType]:
        return queryset if self.value() else shown_among(queryset)


@admin.register(PaymentType)
class PaymentTypeAdmin(ReadOnlyTenantModelAdmin[PaymentType]):
    id_prefix = "pty"
    nothing_yet = "No payment types yet. Payments need one: it says what they cost, which limits they have and how they go."
    list_display = ("code", "number", "state", "draft", "served", "limits", "fee")
    list_filter = ("status", VersionsFilter)
    search_help_text = "Code or a part of the name"
    newest_first = ("code", "-version")
    fieldsets = ((None, {"fields": (("code", "number"), ("state", "since"), ("made_by", "reason"))}),)
    readonly_fields = ("number", "state", "since", "made_by", "reason")
    actions_list = ("usage",)
    actions_detail = ("edit", "activate", "schedule", "discard", "retire", "roll_back")
    change_form_outer_after_template = "portal/payment_types/page.html"

    @property
    def media(self) -> forms.Media:
        css = forms.Media(css={"all": ("portal/config.css", "portal/payment_types.css")})
        media: forms.Media = super().media + PreviewForm().media + css
        return media

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_change(request) and request.user.has_perm("payments.add_paymenttype")

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        version = self.get_object(request, str(object_id))
        if version is None or not self.has_operate_permission(request):
            return []
        allowed = {f"payments_paymenttype_{name}" for name in steps_of(version)}
        return [each for each in super().get_actions_detail(request, object_id) if each.action_name in allowed]

    # --- The list and a version's page

    def matching(self, term: str) -> Q:
        return Q(code=term.upper()) | Q(name__icontains=term)

    def prepare_rows(self, rows: list[PaymentType]) -> None:
        """The drafts that wait beside the versions of a page."""
        drafts = PaymentType.objects.filter(status=_Status.DRAFT, code__in={row.code for row in rows})
        waiting = {(draft.tenant_id, draft.code): draft for draft in drafts}
        for row in rows:
            row.portal_draft = waiting.get((row.tenant_id, row.code))  # type: ignore[attr-defined]  # shown on this page only

    @admin.display(description="Version")
    def number(self, version: PaymentType) -> str:
        return str(version.version)

    @admin.display(description="Status")
    def state(self, version: PaymentType) -> SafeString:
        return status_badge(version)

    @admin.display(description="Draft waiting")
    def draft(self, version: PaymentType) -> SafeString | str:
        waiting: PaymentType | None = getattr(version, "portal_draft", None)
        return NOTHING if waiting is None else draft_badge(waiting)

    @admin.display(description="Currencies")
    def served(self, version: PaymentType) -> str:
        return currencies_in_words(definition_of(version))

    @admin.display(description="Limits")
    def limits(self, version: PaymentType) -> str:
        return limits_in_words(definition_of(version))

    @admin.display(description="Fee")
    def fee(self, version: PaymentType) -> str:
        return fee_in_words(definition_of(version))

    @admin.display(description="In force")
    def since(self, version: PaymentType) -> SafeString | str:
        if version.status == _Status.DRAFT and version.activate_at is not None:
            return f"planned for {version.activate_at:%Y-%m-%d %H:%M:%S}"
        return NOTHING if version.activated_at is None else format_html("since {}", moment(version.activated_at))

    @admin.display(description="Made by")
    def made_by(self, version: PaymentType) -> SafeString | str:
        return who(version.created_by, version.created_by_person) if version.created_by else NOTHING

    def panels(self, record: PaymentType) -> list[Panel]:
        versions = versions_like(record).order_by("-version")[: SHOWN_VERSIONS + 1]
        return [versions_panel(list(versions))]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        record = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if record is not None and self.has_view_permission(request, record):
            more["terms"] = terms_in_words(definition_of(record))
            more["diff"] = diff_to_force(record) if record.status == _Status.DRAFT else None
            more["box"] = preview_box(request, record) if may_write() else None
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    @action(description="Usage of limits", icon="speed")  # type: ignore[untyped-decorator]  # django-unfold ships no types
    def usage(self, request: HttpRequest) -> HttpResponse:
        """What one account has used of every limit that is in force."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return usage_page(request, self)

    # --- Drafting

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewPaymentTypeForm(request.POST or None, terms=Definition(name=""))

        def run(given: dict[str, Any]) -> HttpResponse:
            version, _ = create_payment_type(
                code=given["code"], definition=form.definition(), actor=actor_of(request), draft=True, reason=given["reason"]
            )
            self.log_addition(request, version, f"Draft version {version.version} saved.")
            return done(request, f"The draft of {version.code} is saved; nothing is in force yet.", self.change_url(version))

        return operation_page(request, self, form=form, title="Add payment type", button="Save draft", run=run, template=_FORM)

    @button("Edit", icon="edit", kind=Kind.PRIMARY)
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        code = version.code
        shown, draft = shown_version(code), draft_of(code)
        form = TermsForm(request.POST or None, terms=definition_of(draft or shown), seen=fingerprint(shown, draft))

        def run(given: dict[str, Any]) -> HttpResponse:
            saved = put_payment_type(
                code=code,
                definition=form.definition(),
                actor=actor_of(request),
                draft=True,
                reason=given["reason"],
                precondition=unchanged_since(given["seen"]),
            )
            self.log_change(request, saved, f"Draft version {saved.version} saved.")
            return done(request, f"Draft version {saved.version} of {code} is saved; payments go on as before.", self.change_url(saved))

        return operation_page(
            request,
            self,
            form=form,
            title=f"Edit {code}",
            button="Save draft",
            run=run,
            record=draft or version,
            explanation=edit_explanation(shown, draft),
            template=_FORM,
        )

    # --- Steps of a version's life

    @button("Activate now", icon="check_circle", kind=Kind.SUCCESS)
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        draft = self._version(request, object_id, _Status.DRAFT)
        step = Step(
            button="Activate now",
            explanation="Payments are decided by this version from now on; those made before keep theirs.",
            operation=activate_payment_type,
            arguments={"version": draft.version},
            alters_draft=True,
        )
        return take_step(request, self, draft, step)

    @button("Activate at …", icon="schedule")
    def schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        draft = self._version(request, object_id, _Status.DRAFT)
        step = Step(
            button="Activate at a time",
            explanation="Until then payments go on as before, and editing the draft takes the time back.",
            operation=activate_payment_type,
            arguments={"version": draft.version},
            form=ScheduleForm,
            alters_draft=True,
        )
        return take_step(request, self, draft, step)

    @button("Discard", icon="delete", kind=Kind.DANGER)
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        draft = self._version(request, object_id, _Status.DRAFT)
        step = Step(
            button="Discard draft",
            explanation=discard_explanation(draft),
            operation=discard_draft,
            arguments={"version": draft.version},
            alters_draft=True,
            dangerous=True,
            discards=True,
        )
        return take_step(request, self, draft, step)

    @button("Retire", icon="block", kind=Kind.DANGER)
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        current = self._version(request, object_id, _Status.ACTIVE)
        sentence = (
            "No more payments of this type are taken until a version is put in force. A draft that waits for its time waits no longer."
        )
        step = Step(button="Retire", explanation=sentence, operation=retire_payment_type, dangerous=True)
        return take_step(request, self, current, step)

    @button("Roll back to this version", icon="history", kind=Kind.WARNING)
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        earlier = self._version(request, object_id, _Status.RETIRED)
        step = Step(
            button="Roll back",
            explanation="These terms come back at once, as a new version; a draft that waits is left as it is.",
            operation=roll_back_payment_type,
            arguments={"version": earlier.version},
        )
        return take_step(request, self, earlier, step)

    def _version(self, request: HttpRequest, object_id: str, status: PaymentType.Status | None = None) -> PaymentType:
        version: PaymentType | None = self.get_object(request, object_id)
        if version is None or (status is not None and version.status != status):
            raise Http404
        return version
