"""Settings: as they apply, where each value comes from, and the form that proposes another one."""

import re
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html

from config_mgmt.admin.approvals import outcome_of
from config_mgmt.admin.cells import code, marked, origin_badge, who_and_when
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
from config_mgmt.admin.request import actor_of, authority_of, sent
from config_mgmt.admin.rollback import unless_changed_since
from config_mgmt.admin.setting_fields import typed_of
from config_mgmt.admin.setting_forms import OwnKeyForm, SettingForm
from config_mgmt.errors import NotAuthorised, SettingUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.settings import SettingChange, change_setting, check_authority
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT, active_version
from config_mgmt.setting_types import Setting, sentence_of
from config_mgmt.settings_catalogue import setting_of
from config_mgmt.settings_values import Resolved, approval_rule, resolve
from tenants.portal.cells import NOTHING, Column, Panel, badge, link
from tenants.portal.forms import done

_SETTING: Final = ConfigVersion.Kind.SETTING
_ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)


def settings_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    environment = _environment(request)
    if across_tenants():
        return _everywhere(model_admin, request, environment)
    return show(
        request,
        model_admin,
        title="Settings",
        panels=[_settings_panel(environment)],
        links=[Link(text="Set a key of your own", url=url_of("setting_add", environment=environment))],
        tabs=_tabs(environment),
    )


def setting_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    setting, environment = _declared(key), _environment(request)
    if across_tenants():
        return HttpResponseRedirect(f"{url_of('configversion_changelist')}?q={key}")
    operates = model_admin.has_operate_permission(request)
    found = _resolved(key, environment)
    return show(
        request,
        model_admin,
        title=key,
        panels=[
            _facts_panel(setting, found),
            *waiting_panel(_SETTING, key, environment),
            history_panel(_SETTING, key, environment, may_roll_back=operates and _may_change(request, setting)),
        ],
        links=_links(setting, found, environment) if _may_change(request, setting) else (),
        lead=setting.description,
        up=Link(text="Settings", url=url_of("settings", environment=environment)),
    )


def change_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    setting, environment = _declared(key), _environment(request)
    found, active = _resolved(key, environment), active_version(_SETTING, key, environment)
    current = found.json_value if found is not None else None
    form = SettingForm(
        sent(request),
        setting=setting,
        always_approved=approval_rule()(setting),
        before=current,
        initial={"config_value": typed_of(setting, current), "expected_version": active.version if active else 0},
    )

    def run() -> HttpResponse:
        given = form.cleaned_data
        change = change_setting(
            key=key,
            value=form.after,
            actor=actor_of(request),
            authority=authority_of(request, asks_approval=bool(given.get("ask_approval"))),
            environment=environment,
            reason=given["reason"],
            activate_at=given["activate_at"],
            precondition=unless_changed_since(given["expected_version"]),
        )
        return _answer(model_admin, request, change, key, environment)

    title = f"Propose a change of {key}" if environment == DEFAULT_ENVIRONMENT else f"Propose a change of {key} in {environment}"
    question = Question(
        title=title,
        button="Show the change",
        explanation=setting.description,
        origin=origin_badge(found.source) if found is not None else "",
        context={"note": _note(setting)},
    )
    return ask(request, model_admin, question, form=form, back=_url(key, environment), run=run)


def follow_page(model_admin: VersionAdmin, request: HttpRequest, key: str) -> HttpResponse:
    """Take the tenant's own value away."""
    setting, environment = _declared(key), _environment(request)
    active = active_version(_SETTING, key, environment)
    if active is None or active.value is None:
        raise Http404
    form = SeenForm(sent(request), initial={"expected_version": active.version})

    def run() -> HttpResponse:
        change = change_setting(
            key=key,
            value=None,
            actor=actor_of(request),
            authority=authority_of(request),
            environment=environment,
            reason=form.cleaned_data["reason"],
            precondition=unless_changed_since(form.cleaned_data["expected_version"]),
        )
        return _answer(model_admin, request, change, key, environment)

    question = Question(
        title=f"Take the tenant's own value of {key} away",
        button="Ask for approval" if approval_rule()(setting) else "Take it away",
        explanation=f"{_next_best(setting)} The history stays, and a rollback brings the value back.",
        dangerous=True,
        diff=Diff.of(active.value, None),
    )
    return ask(request, model_admin, question, form=form, back=_url(key, environment), run=run)


def own_key_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    environment = _environment(request)
    form = OwnKeyForm(sent(request))

    def run() -> HttpResponse:
        return HttpResponseRedirect(url_of("setting_change", form.cleaned_data["key"], environment=environment))

    question = Question(
        title="Set a key of your own", button="Go on", explanation="Such a key takes any JSON. The engine reads it nowhere."
    )
    return ask(request, model_admin, question, form=form, back=url_of("settings"), run=run)


def _settings_panel(environment: str) -> Panel:
    waiting, needs_approval = keys_that_wait(_SETTING, environment), approval_rule()
    headings = ("Setting", "Value", "Comes from", "Version", "Changed")
    return Panel(
        title="Settings as they apply",
        columns=tuple(Column(heading=heading) for heading in headings),
        rows=[
            (
                _named(found.setting, environment, four_eyes=needs_approval(found.setting), waits=found.setting.key in waiting),
                code(found.json_value, alone=True),
                origin_badge(found.source),
                str(found.version.version) if found.version else NOTHING,
                who_and_when(found.version) if found.version else NOTHING,
            )
            for found in resolve(environment)
        ],
        empty="No settings.",
    )


def _named(setting: Setting, environment: str, *, four_eyes: bool, waits: bool) -> str:
    name = format_html("{} {}", link(_url(setting.key, environment), setting.key), badge("", "Four eyes") if four_eyes else "")
    return format_html('{}<br><span class="text-subtle config-wrap">{}</span>', marked(name, waits=waits), setting.description)


def _everywhere(model_admin: VersionAdmin, request: HttpRequest, environment: str) -> HttpResponse:
    own = ConfigVersion.objects.filter(kind=_SETTING, environment=environment, status=ConfigVersion.Status.ACTIVE, value__isnull=False)
    versions, beside = cut(request, own.order_by("tenant_id", "key"))
    panel = Panel(
        title="Values of the tenants' own",
        columns=tuple(Column(heading=heading) for heading in ("Tenant", "Setting", "Value", "Version", "Changed")),
        rows=[
            (each.tenant_id, link(page_of_version(each), each.key), code(each.value, alone=True), str(each.version), who_and_when(each))
            for each in versions
        ],
        empty="No tenant has set anything. Defaults apply everywhere.",
    )
    return show(request, model_admin, title="Settings", panels=[panel], beside=beside)


def _facts_panel(setting: Setting, found: Resolved | None) -> Panel:
    rows = [
        ("Value", code(found.json_value, most=2_000, alone=True) if found else "none"),
        ("Comes from", origin_badge(found.source) if found else NOTHING),
        ("May be", sentence_of(setting).removeprefix(f"{setting.key} is ")),
        ("Changed by", "the platform only" if setting.changed_by == "platform" else "the tenant"),
        ("Another person approves", "always" if approval_rule()(setting) else "when asked to"),
    ]
    return facts(*rows)


def _links(setting: Setting, found: Resolved | None, environment: str) -> list[Link]:
    links = [Link(text="Propose a change", url=url_of("setting_change", setting.key, environment=environment), primary=True)]
    if found is not None and found.version is not None and found.version.value is not None:
        links.append(Link(text="Take the own value away", url=url_of("setting_follow", setting.key, environment=environment)))
    return links


def _answer(model_admin: VersionAdmin, request: HttpRequest, change: SettingChange, key: str, environment: str) -> HttpResponse:
    if change.version is None or not change.is_new:
        return done(request, f"{key} is that already: nothing was changed.", _url(key, environment))
    model_admin.log_change(request, change.version, f"Version {change.version.version}: {change.version.get_status_display().lower()}.")
    return done(request, outcome_of(change.version), _url(key, environment))


def _note(setting: Setting) -> str:
    return "Changes of this setting wait for the approval of another person." if approval_rule()(setting) else ""


def _next_best(setting: Setting) -> str:
    profile = "what its profile says, else " if setting.fallback else ""
    return "" if setting.type == "json" else f"From then on {profile}the default of its tier applies, else the default of all."


def _may_change(request: HttpRequest, setting: Setting) -> bool:
    try:
        check_authority(setting, authority_of(request))
    except NotAuthorised:
        return False
    return True


def _resolved(key: str, environment: str) -> Resolved | None:
    """None of a free key that has no value."""
    return next(iter(resolve(environment, [key])), None)


def _declared(key: str) -> Setting:
    try:
        return setting_of(key)
    except SettingUnknown as error:
        raise Http404(error.detail) from error


def _environment(request: HttpRequest) -> str:
    environment: str = request.GET.get("environment", DEFAULT_ENVIRONMENT)
    if not _ENVIRONMENT.fullmatch(environment):
        raise Http404
    return environment


def _tabs(current: str) -> list[tuple[str, str, bool]]:
    """Environments there are values for; nothing to choose where there is one."""
    used = ConfigVersion.objects.filter(kind=_SETTING).order_by().values_list("environment", flat=True).distinct()
    known = sorted({DEFAULT_ENVIRONMENT, settings.CONFIG_ENVIRONMENT, current, *used})
    return [(name, url_of("settings", environment=name), name == current) for name in known] if len(known) > 1 else []


def _url(key: str, environment: str) -> str:
    if environment == DEFAULT_ENVIRONMENT:
        return url_of("setting", key)
    return url_of("setting", key, environment=environment)


PAGES: Final = (
    Mounted(name="settings", address="settings/", view=settings_page),
    Mounted(name="setting_add", address="settings/add/", view=own_key_page, changes=True),
    Mounted(name="setting", address="settings/<str:key>/", view=setting_page),
    Mounted(name="setting_change", address="settings/<str:key>/change/", view=change_page, changes=True),
    Mounted(name="setting_follow", address="settings/<str:key>/follow/", view=follow_page, changes=True),
)
