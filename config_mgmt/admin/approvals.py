"""What waits: for another person's approval, or for its time."""

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import status_badge, who
from config_mgmt.admin.in_force import step_of
from config_mgmt.admin.pages import Diff, Link, Mounted, VersionAdmin, across_tenants, cut, page_of_version, show, url_of
from config_mgmt.admin.request import actor_of
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import change_with_old_value, pending
from config_mgmt.values import Actor
from tenants.context import tenant_scope
from tenants.registry import tenant_by_slug

OWN_CHANGE: Final = "You asked for this change, so another person must approve it."
_WAITING: Final = (ConfigVersion.Status.PROPOSED, ConfigVersion.Status.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A change that waits, as its card shows it."""

    version: ConfigVersion
    status: SafeString
    who: SafeString | str
    diff: Diff
    hint: str
    links: list[Link]

    @property
    def url(self) -> str:
        return page_of_version(self.version)


def approvals_page(model_admin: VersionAdmin, request: HttpRequest) -> HttpResponse:
    everywhere = across_tenants()
    rows = ConfigVersion.objects.filter(status__in=_WAITING) if everywhere else pending()
    versions, beside = cut(request, rows.order_by("-created_at", "-id"))
    may_decide, card_of = model_admin.has_operate_permission(request), _card_by_its_tenant if everywhere else _card
    cards = [card_of(version, actor_of(request), may_decide) for version in versions]
    history = Link(text="All changes", url=url_of("configversion_changelist"))
    return show(
        request,
        model_admin,
        title="Approvals",
        template="portal/config/approvals.html",
        cards=cards,
        beside=beside,
        across_tenants=everywhere,
        history=history,
    )


def outcome_of(version: ConfigVersion) -> str:
    """What became of a change, in a sentence."""
    match version.status:
        case ConfigVersion.Status.PROPOSED:
            return f"{version} waits for the approval of another person."
        case ConfigVersion.Status.SCHEDULED:
            return f"{version} takes effect at {version.activate_at:%Y-%m-%d %H:%M:%S} UTC."
    return f"{version} is in force."


def word_of_refusal(version: ConfigVersion, actor: Actor) -> str:
    """One's own change is withdrawn, and so is one that was decided already and waits for its time."""
    own = actor.is_one_of(version.changed_by, version.changed_by_person)
    return "Withdraw" if own or version.status == ConfigVersion.Status.SCHEDULED else "Reject"


def is_own_proposal(version: ConfigVersion, actor: Actor) -> bool:
    """Whoever asked for a change does not approve it, be it with another of their clients or users."""
    return version.status == ConfigVersion.Status.PROPOSED and actor.is_one_of(version.changed_by, version.changed_by_person)


def _card(version: ConfigVersion, actor: Actor, may_decide: bool) -> Waiting:
    approvable = version.status == ConfigVersion.Status.PROPOSED
    own = is_own_proposal(version, actor)
    links = []
    if may_decide and approvable and not own:
        links.append(Link(text="Approve", url=page_of_version(version, "approve"), primary=True))
    if may_decide:
        links.append(Link(text=word_of_refusal(version, actor), url=page_of_version(version, "reject")))
    return Waiting(
        version=version,
        status=status_badge(version),
        who=who(version.changed_by, version.changed_by_person),
        diff=step_of(version),
        hint=OWN_CHANGE if own else "",
        links=links,
    )


def _card_by_its_tenant(version: ConfigVersion, actor: Actor, may_decide: bool) -> Waiting:
    with tenant_scope(tenant_by_slug(version.tenant_id)):
        return _card(change_with_old_value(version.pk), actor, may_decide)


PAGES: Final = (Mounted(name="approvals", address="approvals/", view=approvals_page),)
