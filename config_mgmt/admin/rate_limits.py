"""Rate limits: what applies to which endpoint, where it comes from, and how much of it is used up right now."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from config_mgmt.admin.approvals import outcome_of
from config_mgmt.admin.cells import bar, marked, origin_badge
from config_mgmt.admin.forms import ChangeForm, SeenForm
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
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import remove_rate_limit, save_rate_limit
from config_mgmt.queries.rate_limit_usage import RateLimitUsage, usage, usage_of
from config_mgmt.queries.versions import active_version
from config_mgmt.rate_limits.endpoints import EVERY_ENDPOINT, LONGEST_ENDPOINT, Policy, check_endpoint
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.rate_limits.policies import policies_in_force
from payment_engine.errors import FieldError, ValidationFailed
from tenants.context import current_tenant_id
from tenants.portal.cells import NOTHING, Column, Panel, link
from tenants.portal.forms import done
from tenants.registry import tenant_by_slug

_KIND: Final = ConfigVersion.Kind.RATE_LIMIT
_WARNING, _DANGER = 70, 90
_COLUMNS: Final = (
    Column(heading="Endpoint"),
    Column(heading="A minute", numeric=True),
    Column(heading="Burst", numeric=True),
    Column(heading="Window", numeric=True),
    Column(heading="Comes from"),
    Column(heading="Version"),
    Column(heading="Used now"),
)


class RateLimitForm(ChangeForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"too_many_rate_limits": "endpoint"}

    rate_limit_per_minute = forms.IntegerField(label="Requests a minute", widget=UnfoldAdminIntegerFieldWidget())
    burst_capacity = forms.IntegerField(
        label="Burst", widget=UnfoldAdminIntegerFieldWidget(), help_text="Requests that may come at once, to a tenant that was quiet"
    )
    window_size_seconds = forms.IntegerField(
        label="Window in seconds", initial=60, widget=UnfoldAdminIntegerFieldWidget(), help_text="What the quota is published for"
    )

    def value(self) -> dict[str, int]:
        given = self.cleaned_data
        return RateLimit.of_value(
            {
                "rateLimitPerMinute": given["rate_limit_per_minute"],
                "burstCapacity": given["burst_capacity"],
                "windowSizeSeconds": given["window_size_seconds"],
            }
        ).as_value()


class NewRateLimitForm(RateLimitForm):
    endpoint = forms.CharField(
        max_length=LONGEST_ENDPOINT,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="A path such as /api/v1/transactions, with * at its end for everything that begins so",
    )

    def put_in_order(self) -> None:
        self.order_fields(["endpoint", *(name for name in self.fields if name not in {"endpoint", *self.last}), *self.last])

    def value(self) -> dict[str, int]:
        check_endpoint(self.cleaned_data["endpoint"], pointer="/endpoint")
        return super().value()


def rate_limits_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    if across_tenants():
        return _everywhere(model_admin, request)
    found, waiting = usage(tenant_by_slug(current_tenant_id())), keys_that_wait(_KIND)
    panel = Panel(
        title="Limits in force",
        columns=_COLUMNS,
        rows=[_row(each, url_of("rate_limit", endpoint=each.policy.endpoint), waits=each.policy.endpoint in waiting) for each in found],
        empty="No limits.",
    )
    links = [Link(text="Limit an endpoint", url=url_of("rate_limit_add"), primary=True)]
    return show(request, model_admin, title="Rate limits", panels=[panel], links=links, lead=_valkey_away(found) or _MOST_SPECIFIC)


def rate_limit_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    endpoint = _endpoint(request)
    if across_tenants():
        return HttpResponseRedirect(f"{url_of('configversion_changelist')}?q={endpoint}")
    policies = policies_in_force()
    policy = policies.named(endpoint) or policies.policy_for(endpoint)
    (found,) = usage_of([policy])
    limit = policy.limit
    rows: list[tuple[str, Any]] = [
        ("Requests a minute", f"{limit.per_minute:,}"),
        ("Burst", f"{limit.burst:,}"),
        ("Window", f"{limit.window_seconds:,} s"),
        ("Comes from", origin_badge(policy.origin)),
        ("Used now", _bar(found)),
    ]
    if policy.endpoint != endpoint:
        rows.insert(0, ("Decided by the limit of", link(url_of("rate_limit", endpoint=policy.endpoint), _title(policy.endpoint))))
    may_roll_back = model_admin.has_operate_permission(request)
    panels = [facts(*rows), *waiting_panel(_KIND, endpoint), history_panel(_KIND, endpoint, may_roll_back=may_roll_back)]
    up = Link(text="Rate limits", url=url_of("rate_limits"))
    lead = _valkey_away([found])
    return show(request, model_admin, title=_title(endpoint), panels=panels, links=_links(endpoint, policy), lead=lead, up=up)


def change_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    endpoint = _endpoint(request)
    policies, active = policies_in_force(), active_version(_KIND, endpoint)
    policy = policies.named(endpoint) or policies.policy_for(endpoint)
    in_force = policy.limit
    before = in_force.as_value()
    form = RateLimitForm(
        sent(request), before=before, initial={**_fields_of(in_force), "expected_version": active.version if active else 0}
    )

    def run() -> HttpResponse:
        return _save(model_admin, request, form, endpoint, expected_version=form.cleaned_data["expected_version"])

    question = Question(
        title=f"Change the limit of {_title(endpoint)}",
        button="Show the change",
        explanation=_BUCKET,
        origin=origin_badge(policy.origin),
    )
    return ask(request, model_admin, question, form=form, back=url_of("rate_limit", endpoint=endpoint), run=run)


def add_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    initial = {"expected_version": 0, "window_size_seconds": 60, "endpoint": request.GET.get("endpoint", "")[:LONGEST_ENDPOINT]}
    form = NewRateLimitForm(sent(request), before=None, initial=initial)

    def run() -> HttpResponse:
        endpoint = form.cleaned_data["endpoint"]
        current = active_version(_KIND, endpoint)
        if current is not None and current.value is not None:
            detail = "this endpoint has a limit of its own; change it on its page"
            raise ValidationFailed(detail, errors=[FieldError(pointer="/endpoint", code="rate_limit_exists", detail=detail)])
        return _save(model_admin, request, form, endpoint, expected_version=current.version if current is not None else 0)

    question = Question(title="Limit an endpoint", button="Show the change", explanation=_BUCKET)
    return ask(request, model_admin, question, form=form, back=url_of("rate_limits"), run=run)


def remove_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    endpoint = _endpoint(request)
    active = active_version(_KIND, endpoint)
    if active is None or active.value is None:
        raise Http404
    form = SeenForm(sent(request), initial={"expected_version": active.version})
    page = url_of("rate_limit", endpoint=endpoint)

    def run() -> HttpResponse:
        version = remove_rate_limit(endpoint=endpoint, actor=actor_of(request), **form.cleaned_data)
        model_admin.log_change(request, version, "Taken away.")
        return done(request, f"{_title(endpoint)} follows the limits of its tier from now on.", page)

    question = Question(
        title=f"Take the limit of {_title(endpoint)} away",
        button="Take away",
        explanation="The tenant's next best limit, its tier's or the built-in one applies from now on. A rollback brings this one back.",
        dangerous=True,
        diff=Diff.of(active.value, None),
    )
    return ask(request, model_admin, question, form=form, back=page, run=run)


_MOST_SPECIFIC: Final = "A request is under the limit of the most specific endpoint."
_BUCKET: Final = (
    "Requests come back to a bucket one after the other, so many a minute; the burst is how many the bucket holds. "
    "A changed limit begins with a full bucket. Every process follows within two seconds."
)


def _save(model_admin: VersionAdmin, request: HttpRequest, form: RateLimitForm, endpoint: str, *, expected_version: int) -> HttpResponse:
    version, _is_new = save_rate_limit(
        endpoint=endpoint,
        value=form.after,
        actor=actor_of(request),
        reason=form.cleaned_data["reason"],
        activate_at=form.cleaned_data["activate_at"],
        expected_version=expected_version,
    )
    model_admin.log_change(request, version, f"Version {version.version}: {version.get_status_display().lower()}.")
    return done(request, outcome_of(version), url_of("rate_limit", endpoint=endpoint))


def _everywhere(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    rows = ConfigVersion.objects.filter(kind=_KIND, status=ConfigVersion.Status.ACTIVE, value__isnull=False)
    versions, beside = cut(request, rows.order_by("tenant_id", "key"))
    own = [(version, policy) for version in versions for policy in _policy(version)]
    found = usage_of([policy for _, policy in own]) if own else []
    panel = Panel(
        title="Limits of the tenants' own",
        columns=(Column(heading="Tenant"), *_COLUMNS),
        rows=[(version.tenant_id, *_row(each, page_of_version(version))) for (version, _), each in zip(own, found, strict=True)],
        empty="No tenant has limits of its own. Those of the tiers apply.",
    )
    return show(request, model_admin, title="Rate limits", panels=[panel], beside=beside, lead=_valkey_away(found))


def _policy(version: ConfigVersion) -> Iterator[Policy]:
    """None of a value that was stored past the checks: the next layer's limit applies instead."""
    with suppress(ValidationFailed):
        limit = RateLimit.of_value(version.value)
        yield Policy(tenant=version.tenant_id, endpoint=version.key, limit=limit, origin="TENANT", version=version.version)


def _row(each: RateLimitUsage, url: str, *, waits: bool = False) -> tuple[str, ...]:
    policy, limit = each.policy, each.policy.limit
    return (
        marked(link(url, _title(policy.endpoint)), waits=waits),
        f"{limit.per_minute:,}",
        f"{limit.burst:,}",
        f"{limit.window_seconds:,} s",
        origin_badge(policy.origin),
        NOTHING if policy.version is None else str(policy.version),
        _bar(each),
    )


def _bar(each: RateLimitUsage) -> str:
    percent, burst = each.used_percent, each.policy.limit.burst
    if percent is None or each.remaining is None:
        return "unknown"
    tone = "danger" if percent >= _DANGER else "warning" if percent >= _WARNING else ""
    return bar(percent, f"{burst - each.remaining:,} of {burst:,}", tone=tone)


def _valkey_away(found: list[RateLimitUsage]) -> str:
    if all(each.remaining is not None for each in found):
        return ""
    return "Valkey does not answer, so nobody knows how much is used: each process counts its own requests until it is back."


def _links(endpoint: str, policy: Policy) -> list[Link]:
    own = policy.origin == "TENANT" and policy.endpoint == endpoint
    links = [
        Link(text="Change" if own else "Set a limit of the tenant's own", url=url_of("rate_limit_change", endpoint=endpoint), primary=True)
    ]
    return [*links, Link(text="Take the own limit away", url=url_of("rate_limit_remove", endpoint=endpoint))] if own else links


def _fields_of(limit: RateLimit) -> dict[str, int]:
    return {
        "rate_limit_per_minute": limit.per_minute,
        "burst_capacity": limit.burst,
        "window_size_seconds": limit.window_seconds,
    }


def _endpoint(request: HttpRequest) -> str:
    endpoint: str = request.GET.get("endpoint", "")
    try:
        return check_endpoint(endpoint)
    except ValidationFailed as error:
        raise Http404(error.detail) from error


def _title(endpoint: str) -> str:
    return "every endpoint" if endpoint == EVERY_ENDPOINT else endpoint


PAGES: Final = (
    Mounted(name="rate_limits", address="rate-limits/", view=rate_limits_page),
    Mounted(name="rate_limit_add", address="rate-limits/add/", view=add_page, changes=True),
    Mounted(name="rate_limit", address="rate-limits/one/", view=rate_limit_page),
    Mounted(name="rate_limit_change", address="rate-limits/one/change/", view=change_page, changes=True),
    Mounted(name="rate_limit_remove", address="rate-limits/one/remove/", view=remove_page, changes=True),
)
