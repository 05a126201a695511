"""Feature flags: who has them, the form with the slider, the kill switch."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.safestring import SafeString

from config_mgmt.admin.approvals import outcome_of
from config_mgmt.admin.cells import bar, code, marked, who_and_when
from config_mgmt.admin.estimate import estimate, estimates
from config_mgmt.admin.feature_forms import FeatureForm, NewFeatureForm, fields_of
from config_mgmt.admin.forms import SeenForm
from config_mgmt.admin.history import history_panel, keys_that_wait, waiting_panel
from config_mgmt.admin.pages import (
    Diff,
    Link,
    Mounted,
    Question,
    VersionAdmin,
    across_tenants,
    ask,
    cut,
    facts,
    page_of_version,
    show,
    url_of,
)
from config_mgmt.admin.request import actor_of, sent
from config_mgmt.errors import FeatureUnknown
from config_mgmt.flags.checks import is_key
from config_mgmt.flags.reading import stored_flag
from config_mgmt.flags.units import kinds_of_units
from config_mgmt.flags.values import EVERYBODY
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.features import kill_feature, remove_feature, save_feature
from config_mgmt.queries.features import feature, features_in_force
from config_mgmt.queries.versions import active_version, history
from payment_engine.api.json import Json
from payment_engine.clock import now
from payment_engine.errors import FieldError, ValidationFailed
from tenants.portal.cells import NOTHING, Column, Panel, badge, link
from tenants.portal.forms import done

_FEATURE: Final = ConfigVersion.Kind.FEATURE
_ON: Final = "On"
_COLOURS: Final = {_ON: "ACTIVE", "Killed": "FAILED", "Not yet": "SCHEDULED"}
_FORM: Final = "portal/config/feature.html"
_HEADINGS: Final = ("Flag", "State", "Roll-out", "Targeting", "Variants", "Version", "Changed")


def features_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    everywhere = across_tenants()
    rows = _all_in_force() if everywhere else features_in_force()
    term = request.GET.get("q", "").replace("\0", "").strip()
    found = rows.filter(key__icontains=term) if term else rows
    versions, beside = cut(request, found.order_by("key", "tenant_id"))
    waiting = set() if everywhere else keys_that_wait(_FEATURE)
    empty = (
        "No flag has such a key." if term else "There are no feature flags. What nobody has set is off; code asks for flags by their key."
    )
    headings = ("Tenant", *_HEADINGS) if everywhere else _HEADINGS
    panel = Panel(
        title="Feature flags",
        columns=tuple(Column(heading=heading) for heading in headings),
        rows=[((version.tenant_id,) if everywhere else ()) + _row(version, waiting, everywhere=everywhere) for version in versions],
        empty=empty,
    )
    links = [Link(text="Add a flag", url=url_of("feature_add"), primary=True)]
    return show(request, model_admin, title="Feature flags", panels=[panel], links=links, beside=beside, search=term, searches="Key")


def feature_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    if not is_key(key):
        raise Http404
    if across_tenants():
        return HttpResponseRedirect(f"{url_of('configversion_changelist')}?q={key}")
    active = active_version(_FEATURE, key)
    if active is None and not history(_FEATURE, key).exists():
        raise Http404
    there = active is not None and active.value is not None
    panels = [_facts_panel(active), _who_panel(key, active.value)] if active is not None and there else []
    panels += [*waiting_panel(_FEATURE, key), history_panel(_FEATURE, key, may_roll_back=model_admin.has_operate_permission(request))]
    lead = "" if there else "This flag is not in force, so it is off. Its history stays; a rollback brings it back."
    links = _links(active) if active is not None and there else []
    up = Link(text="Feature flags", url=url_of("features"))
    return show(request, model_admin, title=key, panels=panels, links=links, lead=lead, up=up)


def add_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    form = NewFeatureForm(sent(request), before=None, initial={"enabled": True, "rollout_percentage": 0, "expected_version": 0})

    def run() -> HttpResponse:
        current = active_version(_FEATURE, form.key)
        if current is not None and current.value is not None:
            detail = "there is a flag with this key; change it on its own page"
            raise ValidationFailed(detail, errors=[FieldError(pointer="/key", code="feature_exists", detail=detail)])
        return _save(model_admin, request, form, expected_version=current.version if current is not None else 0)

    question = _question(request, "Add a feature flag")
    return ask(request, model_admin, question, form=form, back=url_of("features"), run=run)


def change_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    current = _current(key)
    initial = {**fields_of(current.value), "expected_version": current.version}
    form = FeatureForm(sent(request), key=key, before=current.value, initial=initial)

    def run() -> HttpResponse:
        return _save(model_admin, request, form, expected_version=form.cleaned_data["expected_version"])

    return ask(request, model_admin, _question(request, f"Change {key}", key=key), form=form, back=url_of("feature", key), run=run)


def kill_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    current = _current(key)
    killed = {**current.value, "config": {**current.value.get("config", {}), "killSwitch": True}}
    question = Question(
        title=f"Switch {key} off for everybody",
        button="Switch off",
        explanation="At once, whatever else the flag says. All else of it is kept: release the kill switch in its form.",
        dangerous=True,
        diff=Diff.of(current.value, killed),
    )
    return _confirm(model_admin, request, current, question, kill_feature)


def remove_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    current = _current(key)
    question = Question(
        title=f"Remove {key}",
        button="Remove",
        explanation="An unknown flag is off. The history stays, and a rollback brings the flag back.",
        dangerous=True,
        diff=Diff.of(current.value, None),
    )
    return _confirm(model_admin, request, current, question, remove_feature)


def estimate_page(_model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    """JSON for the page's script: who would be in with the form as it stands. Changes nothing."""
    kind = request.POST.get("units", "")
    if request.method != "POST" or kind not in kinds_of_units():
        raise Http404
    key = request.GET.get("key", "")
    form = FeatureForm(request.POST, key=key, before=None) if key else NewFeatureForm(request.POST, before=None)
    if not form.is_valid() or form.flag is None:
        return JsonResponse({"sentence": _first_error(form)}, status=422)
    return JsonResponse(estimate(form.flag, kind).as_json())


def _save(model_admin: VersionAdmin, request: HttpRequest, form: FeatureForm, *, expected_version: int) -> HttpResponse:
    assert form.document is not None, "a form is saved once it is valid"  # noqa: S101
    version, _is_new = save_feature(
        key=form.key,
        document=form.document,
        actor=actor_of(request),
        reason=form.cleaned_data["reason"],
        activate_at=form.cleaned_data["activate_at"],
        expected_version=expected_version,
        needs_approval=form.waits_for_approval,
    )
    model_admin.log_change(request, version, f"Version {version.version}: {version.get_status_display().lower()}.")
    return done(request, outcome_of(version), url_of("feature", form.key))


def _confirm(
    model_admin: VersionAdmin, request: HttpRequest, current: ConfigVersion, question: Question, operation: Callable[..., ConfigVersion]
) -> HttpResponse:
    form = SeenForm(sent(request), initial={"expected_version": current.version})
    page = url_of("feature", current.key)

    def run() -> HttpResponse:
        version = operation(key=current.key, actor=actor_of(request), **form.cleaned_data)
        model_admin.log_change(request, version, f"{question.button}.")
        return done(request, outcome_of(version), page)

    return ask(request, model_admin, question, form=form, back=page, run=run)


def _question(request: HttpRequest, title: str, **of: str) -> Question:
    context = {
        "kinds_of_units": kinds_of_units(),
        "units": request.POST.get("units", "customers"),
        "estimate_url": url_of("feature_estimate", **of),
    }
    return Question(title=title, button="Show the change", template=_FORM, context=context)


def _row(version: ConfigVersion, waiting: set[str], *, everywhere: bool) -> tuple[str, ...]:
    config = version.value.get("config", {})
    percentage = config.get("rolloutPercentage", EVERYBODY)
    url = page_of_version(version) if everywhere else url_of("feature", version.key)
    state = _state(version.value)
    return (
        marked(link(url, version.key), waits=version.key in waiting),
        _state_badge(state),
        bar(percentage, f"{percentage} %", tone="" if state == _ON else "off"),
        _count(config.get("targeting"), "rule"),
        ", ".join(variant["name"] for variant in config.get("variants", [])) or NOTHING,
        str(version.version),
        who_and_when(version),
    )


def _state(value: Json) -> str:
    """In a word, before anybody's share is looked at."""
    config = value.get("config", {})
    begins, ends = (_instant((config.get("schedule") or {}).get(name)) for name in ("activeFrom", "activeUntil"))
    if config.get("killSwitch"):
        return "Killed"
    if not value.get("enabled"):
        return "Off"
    if begins is not None and begins > now():
        return "Not yet"
    return "Over" if ends is not None and ends <= now() else _ON


def _state_badge(state: str) -> SafeString:
    return badge(_COLOURS.get(state, ""), state)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _facts_panel(active: ConfigVersion) -> Panel:
    config = active.value.get("config", {})
    percentage = config.get("rolloutPercentage", EVERYBODY)
    rows: list[tuple[str, Any]] = [("State", _state_badge(_state(active.value))), ("Roll-out", bar(percentage, f"{percentage} %"))]
    rows += [(name.capitalize(), code(config[name], most=2_000)) for name in ("targeting", "variants", "schedule") if name in config]
    return facts(*rows)


def _who_panel(key: str, value: Json) -> Panel:
    try:
        found = estimates(stored_flag(key, value))
    except (ValidationFailed, msgspec.ValidationError):
        found = []  # stored past the checks, so off
    rows = [(each.kind.capitalize(), bar(round(each.percent) if not each.off else 0, each.sentence), each.details) for each in found]
    return Panel(title="Who is in", columns=(Column(heading=""),) * 3, rows=rows, empty="This flag can't be read, so it is off.")


def _links(active: ConfigVersion) -> list[Link]:
    links = [Link(text="Change", url=url_of("feature_change", active.key), primary=True)]
    if not active.value.get("config", {}).get("killSwitch"):
        links.append(Link(text="Kill switch", url=url_of("feature_kill", active.key), dangerous=True))
    return [*links, Link(text="Remove", url=url_of("feature_remove", active.key))]


def _current(key: str) -> ConfigVersion:
    try:
        return feature(key)
    except FeatureUnknown as error:
        raise Http404(error.detail) from error


def _all_in_force() -> Any:  # noqa: ANN401  # a query set
    return ConfigVersion.objects.filter(kind=_FEATURE, status=ConfigVersion.Status.ACTIVE, value__isnull=False)


def _count(rules: list[Any] | None, noun: str) -> str:
    return f"{len(rules)} {noun}{'s' if len(rules) > 1 else ''}" if rules else NOTHING


def _first_error(form: FeatureForm) -> str:
    name, errors = next(iter(form.errors.items()), ("", ["this makes no flag"]))
    field = form.fields.get(name)
    return f"{field.label or name.capitalize()}: {errors[0]}" if field is not None else str(errors[0])


PAGES: Final = (
    Mounted(name="features", address="features/", view=features_page),
    Mounted(name="feature_add", address="features/add/", view=add_page, changes=True),
    Mounted(name="feature_estimate", address="features/estimate/", view=estimate_page, changes=True),
    Mounted(name="feature", address="features/of/<str:key>/", view=feature_page),
    Mounted(name="feature_change", address="features/of/<str:key>/change/", view=change_page, changes=True),
    Mounted(name="feature_kill", address="features/of/<str:key>/kill/", view=kill_page, changes=True),
    Mounted(name="feature_remove", address="features/of/<str:key>/remove/", view=remove_page, changes=True),
)
