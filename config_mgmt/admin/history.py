"""The history of a key, and what waits for it: the same two tables on every key's page."""

from typing import Final

from django.db.models import QuerySet

from config_mgmt.admin.cells import decided, status_badge, summary, who_and_when
from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT, history, pending
from tenants.portal.cells import NOTHING, Column, Panel, link, moment

SHOWN: Final = 30
_COLUMNS: Final = tuple(Column(heading=heading) for heading in ("Version", "Status", "Value", "Asked by", "Why", "Decided by", ""))


def history_panel(kind: str, key: str, environment: str = DEFAULT_ENVIRONMENT, *, may_roll_back: bool) -> Panel:
    """Newest first. What was once in force and is not now can be rolled back to."""
    versions = history(kind, key, environment).order_by("-version")[:SHOWN]
    return Panel(
        title="History",
        columns=_COLUMNS,
        rows=[_history_row(version, may_roll_back=may_roll_back) for version in versions],
        empty="Nobody has changed this yet. Every change will stand here with who made it, when and why.",
        more=(f"{url_of('configversion_changelist')}?q={key}", "All changes"),
    )


def waiting_panel(kind: str, key: str, environment: str = DEFAULT_ENVIRONMENT) -> list[Panel]:
    """Only where something waits."""
    waiting = pending().filter(kind=kind, key=key, environment=environment).order_by("-version")[:SHOWN]
    rows = [
        (
            link(page_of_version(version), f"Version\N{NO-BREAK SPACE}{version.version}"),
            status_badge(version),
            summary(kind, version.value),
            who_and_when(version),
            version.reason or NOTHING,
            moment(version.activate_at),
        )
        for version in waiting
    ]
    headings = ("Version", "Status", "Value", "Asked by", "Why", "Takes effect")
    if not rows:
        return []
    columns = tuple(Column(heading=heading) for heading in headings)
    return [Panel(title="Waits", columns=columns, rows=rows, empty="", more=(url_of("approvals"), "All that waits"))]


def keys_that_wait(kind: str, environment: str = DEFAULT_ENVIRONMENT) -> set[str]:
    waiting: QuerySet[ConfigVersion] = pending()
    return set(waiting.filter(kind=kind, environment=environment).values_list("key", flat=True))


def _history_row(version: ConfigVersion, *, may_roll_back: bool) -> tuple[str, ...]:
    was_in_force = version.status == ConfigVersion.Status.SUPERSEDED
    note = f" (as version {version.rollback_of})" if version.rollback_of else ""
    return (
        link(page_of_version(version), f"Version\N{NO-BREAK SPACE}{version.version}"),
        status_badge(version),
        summary(version.kind, version.value),
        who_and_when(version),
        (version.reason or NOTHING) + note,
        decided(version),
        link(page_of_version(version, "roll_back"), "Roll back to this version") if was_in_force and may_roll_back else "",
    )
