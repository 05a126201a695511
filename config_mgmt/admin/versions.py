"""One change of configuration, whatever its kind: what it does, who asked for it, and the buttons that decide."""

from collections.abc import Callable
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib import admin
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config_mgmt.admin import approvals, features, rate_limits, settings
from config_mgmt.admin.cells import code, decided, status_badge, summary, who_and_when
from config_mgmt.admin.forms import DecisionForm, SeenForm
from config_mgmt.admin.in_force import step_of
from config_mgmt.admin.pages import Diff, Question, ask, operated, page_of_version, viewed
from config_mgmt.admin.request import actor_of, sent
from config_mgmt.admin.rollback import roll_back_to
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import approve_change, reject_change
from config_mgmt.queries.versions import active_version, change_with_old_value
from tenants.context import tenant_scope
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import Column, Panel, moment
from tenants.portal.forms import done
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin
from tenants.registry import tenant_by_slug

_BUTTONS: Final = {
    ConfigVersion.Status.PROPOSED: ("approve", "reject"),
    ConfigVersion.Status.SCHEDULED: ("reject",),
    ConfigVersion.Status.SUPERSEDED: ("roll_back",),
}
_PAGES: Final = (approvals.PAGES, settings.PAGES, features.PAGES, rate_limits.PAGES)


@admin.register(ConfigVersion)
class ConfigVersionAdmin(ReadOnlyTenantModelAdmin[ConfigVersion]):
    """Its list is the history of everything; the pages of settings, flags, limits and approvals stand beside it."""

    id_prefix = "cfg"
    nothing_yet = "Nobody has changed anything yet. Changes of settings, feature flags and rate limits stand here."
    list_display = ("named", "kind", "state", "value_shown", "asked", "why", "decision")
    list_filter = ("kind", "status", "environment")
    search_help_text = "A part of the key, who asked, or the id of the change (cfg_…)"
    fieldsets = (
        (None, {"fields": (("key_named", "kind"), ("number", "state"), ("environment", "effect"), ("asked", "decision"), "why")}),
        ("More", {"fields": (("short_id", "correlation_id"), ("in_force", "replaced"))}),
    )
    readonly_fields = ("key_named", "number", "state", "effect", "asked", "decision", "why", "short_id", "in_force", "replaced")
    actions_detail = ("approve", "reject", "roll_back")
    change_form_outer_before_template = "portal/config/own_change.html"

    class Media:
        css: ClassVar[dict[str, Any]] = {"all": ["portal/config.css"]}

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(page.address, (operated if page.changes else viewed)(self, page.view), name=f"config_mgmt_{page.name}")
            for pages in _PAGES
            for page in pages
        ]
        return [*own, *super().get_urls()]

    def matching(self, term: str) -> Q:
        return Q(key__icontains=term) | Q(changed_by__iexact=term) | Q(changed_by_person__iexact=term)

    # --- Columns

    @admin.display(description="Change")
    def named(self, version: ConfigVersion) -> str:
        return str(version)

    @admin.display(description="Key")
    def key_named(self, version: ConfigVersion) -> str:
        return version.key

    @admin.display(description="Version")
    def number(self, version: ConfigVersion) -> str:
        return str(version.version)

    @admin.display(description="Status")
    def state(self, version: ConfigVersion) -> SafeString:
        return status_badge(version)

    @admin.display(description="Value")
    def value_shown(self, version: ConfigVersion) -> str:
        return summary(version.kind, version.value)

    @admin.display(description="Asked by")
    def asked(self, version: ConfigVersion) -> str:
        return who_and_when(version)

    @admin.display(description="Why")
    def why(self, version: ConfigVersion) -> str:
        return version.reason

    @admin.display(description="Decided by")
    def decision(self, version: ConfigVersion) -> str:
        return decided(version)

    @admin.display(description="Takes effect")
    def effect(self, version: ConfigVersion) -> str:
        return moment(version.activate_at) if version.activate_at else "at once"

    @admin.display(description="In force since")
    def in_force(self, version: ConfigVersion) -> str:
        return moment(version.activated_at)

    @admin.display(description="In force until")
    def replaced(self, version: ConfigVersion) -> str:
        return moment(version.superseded_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        own = version is not None and approvals.is_own_proposal(version, actor_of(request))
        return super().change_view(
            request, object_id, form_url, {"own_change": approvals.OWN_CHANGE if own else "", **(extra_context or {})}
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, {"title": "Changes of configuration", **(extra_context or {})})
        return answer

    def panels(self, record: ConfigVersion) -> list[Panel]:
        with tenant_scope(tenant_by_slug(record.tenant_id)):
            step = step_of(change_with_old_value(record.pk))
        columns = (Column(heading="What"), Column(heading=format_html("Before {}", step.origin)), Column(heading="After"))
        title = "What it changes" if record.activated_at is None else "What it changed"
        whole = Panel(title="The whole value", columns=(Column(heading="JSON"),), rows=[(code(record.value, most=20_000),)], empty="")
        return [Panel(title=title, columns=columns, rows=step.rows, empty="Nothing: the value was the same."), whole]

    # --- Buttons

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        version = self.get_object(request, str(object_id))
        if version is None:
            return []
        names = _BUTTONS.get(ConfigVersion.Status(version.status), ())
        if approvals.is_own_proposal(version, actor_of(request)):
            names = tuple(name for name in names if name != "approve")
        allowed = {f"config_mgmt_configversion_{name}" for name in names}
        return [each for each in super().get_actions_detail(request, object_id) if each.action_name in allowed]

    @button("Approve", icon="check", kind=Kind.PRIMARY)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        later = version.activate_at is not None
        own = approvals.is_own_proposal(version, actor_of(request))
        return self._decide(
            request,
            version,
            approve_change,
            Question(
                title=f"Approve {version}",
                button="" if own else "Approve",
                diff=self._step(version),
                context={"note": approvals.OWN_CHANGE if own else ""},
            ),
            said=f"{version} is approved and {'waits for its time' if later else 'in force'}.",
        )

    @button("Reject", icon="block", kind=Kind.DANGER)
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        word = approvals.word_of_refusal(version, actor_of(request))
        question = Question(
            title=f"{word} {version}",
            button=word,
            explanation="The change never takes effect. It stays in the history.",
            dangerous=True,
            diff=self._step(version),
        )
        return self._decide(request, version, reject_change, question, said=f"{version} will never take effect.")

    @button("Roll back to this version", icon="undo", kind=Kind.WARNING)
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = self._version(request, object_id)
        active = active_version(version.kind, version.key, version.environment)
        seen = active.version if active is not None else 0
        form = SeenForm(sent(request), initial={"expected_version": seen})

        def run() -> HttpResponse:
            made = roll_back_to(request, version, form)
            self.log_change(request, made, f"Rolled back to version {version.version}.")
            return done(request, approvals.outcome_of(made), page_of_version(made))

        question = Question(
            title=f"Roll {version.key} back to version {version.version}",
            button="Roll back",
            explanation="The value it had then is put in force again, as a new version.",
            diff=Diff.of(active.value if active is not None else None, version.value),
        )
        return ask(request, self, question, form=form, back=page_of_version(version), run=run)

    def _version(self, request: HttpRequest, object_id: str) -> ConfigVersion:
        version: ConfigVersion | None = self.get_object(request, object_id)
        if version is None:
            raise Http404
        return version

    def _step(self, version: ConfigVersion) -> Diff:
        return step_of(change_with_old_value(version.pk))

    def _decide(
        self, request: HttpRequest, version: ConfigVersion, operation: Callable[..., ConfigVersion], question: Question, *, said: str
    ) -> HttpResponse:
        form = DecisionForm(sent(request))

        def run() -> HttpResponse:
            decided_change = operation(change_id=UUID(str(version.pk)), actor=actor_of(request), reason=form.cleaned_data["reason"])
            self.log_change(request, decided_change, said)
            return done(request, said, page_of_version(version))

        return ask(request, self, question, form=form, back=page_of_version(version), run=run)
