"""Defaults of tiers: what the platform gives every tenant of a tier, changed key by key, with a history that leads back.

For the platform's staff alone; which tenant they act for makes no difference here.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import code, who
from config_mgmt.admin.pages import Diff, Link, Question, ask, cut, operated, show, viewed
from config_mgmt.admin.request import actor_of, sent
from config_mgmt.admin.tier_forms import KeyForm, ReasonedForm, form_of, wrong_with
from config_mgmt.admin.tier_panels import (
    address,
    defaults_panel,
    diff_of,
    history_panel,
    kind_name,
    reach,
    stored_changes,
    tier_name,
    tier_row,
)
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.tiers import DefaultValue, Precondition, differences_of, replace_tier_defaults
from config_mgmt.operations.transfer import checked_value
from config_mgmt.queries.tiers import TierDefaults, tier_defaults, tier_history, tier_version
from payment_engine.api.errors import StaleVersion
from payment_engine.api.json import Json
from tenants.models import Tenant, TierChange
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import Column, Panel, link, moment
from tenants.portal.forms import done
from tenants.portal.model_admin import RegistryModelAdmin

_TEMPLATE: Final = "portal/config/tiers.html"
_QUESTION: Final = "portal/config/tier_change.html"


@admin.register(TierChange)
class TierChangeAdmin(RegistryModelAdmin[TierChange]):
    """Its list is the tiers; of each version of a tier's defaults there is a page, which leads back to it."""

    fieldsets = ((None, {"fields": (("tier_named", "number"), ("made_by", "made"), ("reason", "correlation_id"))}),)
    readonly_fields = ("tier_named", "number", "made_by", "made")
    actions_detail = ("roll_back",)
    search_fields = ()

    class Media:
        css: ClassVar[dict[str, Any]] = {"all": ["portal/config.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("of/<str:tier>/", viewed(self, tier_page), name="tenants_tier"),
            path("of/<str:tier>/add/", operated(self, add_page), name="tenants_tier_add"),
            path("of/<str:tier>/set/", operated(self, set_page), name="tenants_tier_set"),
            path("of/<str:tier>/remove/", operated(self, remove_page), name="tenants_tier_remove"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return viewed(self, tiers_page)(request)

    def name_in_log(self, obj: TierChange) -> str:
        return str(obj)

    @admin.display(description="Tier")
    def tier_named(self, change: TierChange) -> str:
        return link(address("tier", change.tier), change.get_tier_display())

    @admin.display(description="Version")
    def number(self, change: TierChange) -> str:
        back = "" if change.rollback_of is None else f", with the defaults of version {change.rollback_of}"
        return f"{change.version}{back}"

    @admin.display(description="Changed by")
    def made_by(self, change: TierChange) -> SafeString | str:
        return who(change.changed_by, change.changed_by_person)

    @admin.display(description="Changed")
    def made(self, change: TierChange) -> str:
        return moment(change.created_at)

    def panels(self, record: TierChange) -> list[Panel]:
        columns = (Column(heading="What"), Column(heading="Before"), Column(heading="After"))
        then = [(default["kind"], default["key"], default["value"]) for default in record.defaults]
        return [
            Panel(title="What it changed", columns=columns, rows=list(diff_of(stored_changes(record)).rows), empty=""),
            Panel(
                title="All defaults from then on",
                columns=(Column(heading="Kind"), Column(heading="Key"), Column(heading="Value")),
                rows=[(kind_name(kind), key, code(value, most=2_000, alone=True)) for kind, key, value in then],
                empty="None: tenants of the tier had the defaults of all.",
            ),
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        change = self.get_object(request, str(object_id))
        if change is None or tier_defaults(change.tier).version == change.version:
            return []
        found: list[Any] = super().get_actions_detail(request, object_id)
        return found

    @button("Roll back to this version", icon="undo", kind=Kind.WARNING)
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        earlier: TierChange | None = self.get_object(request, object_id)
        if earlier is None:
            raise Http404
        return roll_back_page(self, request, earlier)


# --- Pages to look at


def tiers_page(model_admin: TierChangeAdmin, request: HttpRequest) -> HttpResponse:
    tenants = dict(Tenant.objects.order_by().values_list("tier").annotate(Count("pk")))
    headings = ("Tier", "Tenants", "Defaults", "Version", "Changed", "Why")
    panel = Panel(
        title="Tiers",
        columns=tuple(Column(heading=heading, numeric=heading in {"Tenants", "Defaults", "Version"}) for heading in headings),
        rows=[tier_row(tier, tenants.get(tier, 0)) for tier in Tenant.Tier.values],
        empty="",
    )
    lead = "What a subscription tier gives its tenants: settings, feature flags and rate limits that they have not set themselves."
    return show(request, model_admin, title="Defaults of tiers", panels=[panel], lead=lead, template=_TEMPLATE)


def tier_page(model_admin: TierChangeAdmin, request: HttpRequest, tier: str) -> HttpResponse:
    now, name = _stored(tier), Tenant.Tier(tier).label
    operates = model_admin.has_operate_permission(request)
    changes, beside = cut(request, tier_history(tier).order_by("-version"))
    return show(
        request,
        model_admin,
        title=str(name),
        panels=[defaults_panel(now, operates=operates), history_panel(changes, now.version)],
        links=[Link(text="Set a default", url=address("tier_add", tier), primary=True)],
        lead=reach(tier),
        up=Link(text="Defaults of tiers", url=model_admin.changelist_url),
        beside=beside,
        template=_TEMPLATE,
    )


# --- Questions


def add_page(model_admin: TierChangeAdmin, request: HttpRequest, tier: str) -> HttpResponse:
    """Which default is meant; its value is asked for on the next page."""
    _stored(tier)
    form = KeyForm(sent(request))

    def run() -> HttpResponse:
        return HttpResponseRedirect(address("tier_set", tier, **form.cleaned_data))

    question = Question(title=f"Set a default of {tier_name(tier)}", button="Go on", template=_QUESTION)
    return ask(request, model_admin, question, form=form, back=address("tier", tier), run=run)


def set_page(model_admin: TierChangeAdmin, request: HttpRequest, tier: str) -> HttpResponse:
    stored = _stored(tier)
    kind, key = _named(request)
    before = _value(stored, kind, key)
    form = form_of(kind, key, sent(request), before=before, expected_version=stored.version)

    def run() -> HttpResponse:
        wanted = [*_others(stored, kind, key), DefaultValue(kind=kind, key=key, value=form.after)]
        return _replace(model_admin, request, stored, wanted, form.cleaned_data, said=f"{key} is set")

    title = f"{'Set' if before is None else 'Change'} the default of {key} for {tier_name(tier)}"
    question = Question(title=title, button="Show the change", explanation=reach(tier), template=_QUESTION)
    return ask(request, model_admin, question, form=form, back=address("tier", tier), run=run)


def remove_page(model_admin: TierChangeAdmin, request: HttpRequest, tier: str) -> HttpResponse:
    stored = _stored(tier)
    kind, key = _named(request)
    before = _value(stored, kind, key)
    if before is None:
        raise Http404
    form = ReasonedForm(sent(request), initial={"expected_version": stored.version})

    def run() -> HttpResponse:
        return _replace(model_admin, request, stored, _others(stored, kind, key), form.cleaned_data, said=f"{key} is taken away")

    question = Question(
        title=f"Take the default of {key} for {tier_name(tier)} away",
        button="Take away",
        explanation=f"Its tenants have the default of all from then on, unless they set their own. {reach(tier)}",
        dangerous=True,
        diff=Diff.of(before, None),
        template=_QUESTION,
    )
    return ask(request, model_admin, question, form=form, back=address("tier", tier), run=run)


def roll_back_page(model_admin: TierChangeAdmin, request: HttpRequest, earlier: TierChange) -> HttpResponse:
    stored = _stored(earlier.tier)
    then = {(default["kind"], default["key"]): default["value"] for default in earlier.defaults}
    form = ReasonedForm(sent(request), initial={"expected_version": stored.version})

    def run() -> HttpResponse:
        wanted = [DefaultValue(kind=kind, key=key, value=checked_value(kind, key, value)) for (kind, key), value in then.items()]
        said = f"Rolled back to version {earlier.version}"
        return _replace(model_admin, request, stored, wanted, form.cleaned_data, said=said, rollback_of=earlier.version)

    question = Question(
        title=f"Roll {tier_name(earlier.tier)} back to version {earlier.version}",
        button="Roll back",
        explanation=f"All defaults of then are put in force again, as a new version. {reach(earlier.tier)}",
        diff=diff_of(differences_of({(row.kind, row.key): row.value for row in stored.rows}, then)),
        template=_QUESTION,
    )
    return ask(request, model_admin, question, form=form, back=model_admin.change_url(earlier), run=run)


def _replace(
    model_admin: TierChangeAdmin,
    request: HttpRequest,
    stored: TierDefaults,
    wanted: Iterable[DefaultValue],
    given: dict[str, Any],
    *,
    said: str,
    rollback_of: int | None = None,
) -> HttpResponse:
    now = replace_tier_defaults(
        tier=stored.tier,
        defaults=wanted,
        actor=actor_of(request),
        precondition=_unless_changed_since(given["expected_version"]),
        reason=given["reason"],
        rollback_of=rollback_of,
    )
    page = address("tier", stored.tier)
    if now.version == given["expected_version"]:
        return done(request, "It is that already: nothing was changed.", page)
    sentence = f"{said}: version {now.version} of the defaults of {tier_name(stored.tier)} is in force."
    model_admin.log_change(request, tier_version(stored.tier, now.version), sentence)
    return done(request, sentence, page)


def _unless_changed_since(expected: int) -> Precondition:
    def check(stored: TierDefaults) -> None:
        if stored.version != expected:
            raise StaleVersion("the defaults of this tier were changed since you looked at them: look again")

    return check


def _stored(tier: str) -> TierDefaults:
    if tier not in Tenant.Tier.values:
        raise Http404
    return tier_defaults(tier)


def _named(request: HttpRequest) -> tuple[str, str]:
    """Kind and key in the address."""
    kind, key = request.GET.get("kind", ""), request.GET.get("key", "")
    if kind not in ConfigVersion.Kind.values or wrong_with(kind, key):
        raise Http404
    return kind, key


def _value(stored: TierDefaults, kind: str, key: str) -> Json:
    return next((row.value for row in stored.rows if (row.kind, row.key) == (kind, key)), None)


def _others(stored: TierDefaults, kind: str, key: str) -> list[DefaultValue]:
    """All defaults that stay as they are."""
    return [DefaultValue(kind=row.kind, key=row.key, value=row.value) for row in stored.rows if (row.kind, row.key) != (kind, key)]
