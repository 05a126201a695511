"""What the pages of tiers' defaults show: values in force, the history with both sides, whom a change reaches."""

from collections.abc import Iterable, Iterator
from typing import Final

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import diff_rows, plain_text, summary, who
from config_mgmt.admin.pages import Diff
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.tiers import DefaultChange
from config_mgmt.queries.tiers import TierDefaults, tier_defaults, tier_history
from payment_engine.api.json import Json
from tenants.models import Tenant, TierChange, TierDefault
from tenants.portal.cells import NOTHING, Column, Panel, link, moment, record_link

_SHOWN_CHANGES: Final = 6
_SHOWN_TEXT: Final = 60


def address(name: str, tier: str, **query: str) -> str:
    """Of one of the pages of a tier: `tier`, `tier_add`, `tier_set`, `tier_remove`."""
    found = reverse(f"admin:tenants_{name}", args=[tier])
    return f"{found}?{urlencode(query)}" if query else found


def tier_row(tier: str, tenants: int) -> tuple[str, ...]:
    now, newest = tier_defaults(tier), tier_history(tier).order_by("-version").first()
    return (
        link(address("tier", tier), str(Tenant.Tier(tier).label)),
        f"{tenants:,}",
        str(len(now.rows)),
        str(now.version) if newest else NOTHING,
        NOTHING if newest is None else _by(newest.changed_by, newest.changed_by_person, moment(newest.created_at)),
        (newest.reason if newest else "") or NOTHING,
    )


def defaults_panel(now: TierDefaults, *, operates: bool) -> Panel:
    return Panel(
        title="Defaults in force",
        columns=tuple(Column(heading=heading) for heading in ("Kind", "Key", "Value", "Changed", "")),
        rows=[
            (
                kind_name(row.kind),
                row.key,
                _shown(row.kind, row.value),
                _by(row.changed_by, row.changed_by, moment(row.changed_at)),
                _links(row) if operates else "",
            )
            for row in now.rows
        ],
        empty="This tier gives its tenants nothing of its own: they have the defaults of all.",
    )


def _links(row: TierDefault) -> SafeString:
    named = {"kind": row.kind, "key": row.key}
    return format_html(
        "{} \N{NO-BREAK SPACE} {}",
        link(address("tier_set", row.tier, **named), "Change"),
        link(address("tier_remove", row.tier, **named), "Take away"),
    )


def history_panel(changes: list[TierChange], current: int) -> Panel:
    return Panel(
        title="History",
        columns=tuple(Column(heading=heading) for heading in ("Version", "What changed", "Changed", "Why", "")),
        rows=[
            (
                record_link("tenants_tierchange_change", change.pk, f"Version\N{NO-BREAK SPACE}{change.version}"),
                _in_words(stored_changes(change)),
                _by(change.changed_by, change.changed_by_person, moment(change.created_at)),
                (change.reason or NOTHING) + (f" (back to version {change.rollback_of})" if change.rollback_of else ""),
                _roll_back_link(change) if change.version != current else "In force",
            )
            for change in changes
        ],
        empty="Nobody has changed the defaults of this tier yet. Every change will stand here with who made it, when and why.",
    )


def _roll_back_link(change: TierChange) -> str:
    return link(reverse("admin:tenants_tierchange_roll_back", args=[change.pk]), "Roll back to this version")


def _in_words(changes: list[DefaultChange]) -> SafeString:
    """Both sides of each, a line for each of the first few."""
    shown = format_html_join(
        "",
        '<span class="config-wrap">{}: {} → {}</span><br>',
        ((each.key, _in_line(each.kind, each.before), _in_line(each.kind, each.after)) for each in changes[:_SHOWN_CHANGES]),
    )
    more = len(changes) - _SHOWN_CHANGES
    return format_html("{}and {} more", shown, more) if more > 0 else shown


def diff_of(changes: Iterable[DefaultChange]) -> Diff:
    return Diff(rows=tuple(row for each in changes for row in _diff_rows(each)))


def _diff_rows(change: DefaultChange) -> Iterator[tuple[str, SafeString | str, SafeString | str]]:
    """Each default by its key, and one that is a document member by member."""
    for name, before, after in diff_rows(change.before, change.after):
        yield (change.key if name == "value" else f"{change.key} › {name}"), before, after


def stored_changes(change: TierChange) -> list[DefaultChange]:
    return [DefaultChange(**each) for each in change.changes]


def _in_line(kind: str, value: Json) -> SafeString | str:
    if kind != ConfigVersion.Kind.SETTING:
        return _shown(kind, value)
    text = plain_text(value)
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]}…"


def _shown(kind: str, value: Json) -> SafeString | str:
    return NOTHING if value is None else summary(kind, value)


def kind_name(kind: str) -> str:
    return str(ConfigVersion.Kind(kind).label)


def _by(name: str, person: str, at: SafeString | str) -> SafeString:
    return format_html('{}<br><span class="text-subtle">{}</span>', who(name, person), at)


def reach(tier: str) -> str:
    """Whom a change of this tier's defaults reaches."""
    count = Tenant.objects.filter(tier=tier).count()
    if count == 0:
        return f"Tier {Tenant.Tier(tier).label} has no tenants at present."
    tenants, them = ("1 tenant", "it") if count == 1 else (f"{count:,} tenants", "each of them")
    reached = f"A change reaches {them} within two seconds; a value of a tenant's own goes before it."
    return f"Tier {Tenant.Tier(tier).label} has {tenants}. {reached}"


def tier_name(tier: str) -> str:
    return f"tier {Tenant.Tier(tier).label}"
