"""How configuration looks in the portal's tables: values, changes, origins, bars."""

from collections.abc import Iterable
from typing import Final

import msgspec
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config_mgmt.models import ConfigVersion
from config_mgmt.queries.differences import Difference, differences
from payment_engine.api.json import Json
from tenants.portal.cells import NOTHING, badge, moment

_SHOWN: Final = 160
_NAME_SHOWN: Final = 24
_KIND_BADGES: Final = {  # the colours of tenants.portal.cells.badge, by the status that has them
    ConfigVersion.Status.PROPOSED: "PENDING_APPROVAL",
    ConfigVersion.Status.SCHEDULED: "SCHEDULED",
    ConfigVersion.Status.ACTIVE: "ACTIVE",
    ConfigVersion.Status.REJECTED: "REJECTED",
    ConfigVersion.Status.SUPERSEDED: "SUPERSEDED",
}
_ORIGINS: Final = {"TENANT": ("ACTIVE", "Tenant"), "PROFILE": ("DRAFT", "Profile"), "TIER": ("DRAFT", "Tier"), "DEFAULT": ("", "Default")}


def status_badge(version: ConfigVersion) -> SafeString:
    status = ConfigVersion.Status(version.status)
    return badge(_KIND_BADGES[status], str(status.label))


def origin_badge(origin: str) -> SafeString:
    """Where a value comes from: of all of them, only the tenant's own can be changed here."""
    return badge(*_ORIGINS[origin])


def marked(name: str, *, waits: bool) -> SafeString:
    """A key's name, and whether something waits for it."""
    return format_html("{} {}", name, badge("PENDING_APPROVAL", "A change waits") if waits else "")


def json_text(value: Json) -> str:
    """On one line, as a person would type it."""
    return NOTHING if value is None else msgspec.json.encode(value).decode()


def plain_text(value: Json) -> str:
    """The same, but text without its quotes: for where a value stands alone."""
    return value if isinstance(value, str) else json_text(value)


def code(value: Json, *, most: int = _SHOWN, alone: bool = False) -> SafeString | str:
    """A JSON value; all of it when pointed at."""
    if value is None:
        return NOTHING
    text = plain_text(value) if alone else json_text(value)
    return format_html('<code class="config-code" title="{}">{}</code>', text, text if len(text) <= most else f"{text[:most]}…")


def bar(percent: int, text: str, *, tone: str = "") -> SafeString:
    """A share of a whole. `tone` is "warning" or "danger" where a lot is too much."""
    width = max(0, min(100, percent))
    return format_html(
        '<span class="config-bar{}"><span class="config-bar-track" aria-hidden="true"><span style="width: {}%"></span></span>'
        '<span class="config-bar-text">{}</span></span>',
        f" config-bar-{tone}" if tone else "",
        width,
        text,
    )


def summary(kind: str, value: Json) -> SafeString | str:
    """A version's value in a few words."""
    if value is None:
        return "no value of the tenant's own"
    match kind:
        case ConfigVersion.Kind.FEATURE:
            config = value.get("config", {})
            state = "killed" if config.get("killSwitch") else "on" if value.get("enabled") else "off"
            return f"{state}, {config.get('rolloutPercentage', 100)}\N{NO-BREAK SPACE}%"
        case ConfigVersion.Kind.RATE_LIMIT:
            return f"{value['rateLimitPerMinute']:,} a minute, burst {value['burstCapacity']:,}"
        case _:
            return code(value, most=60, alone=True)


def who_and_when(version: ConfigVersion) -> SafeString:
    return _by(version.changed_by, version.changed_by_person, moment(version.created_at))


def decided(version: ConfigVersion) -> SafeString | str:
    if version.decided_by is None:
        return NOTHING
    return _by(version.decided_by, version.decided_by_person or version.decided_by, moment(version.decided_at))


def _by(name: str, person: str, at: str) -> SafeString:
    return format_html('{}<br><span class="text-subtle">{}</span>', who(name, person), at)


def who(name: str, person: str) -> SafeString | str:
    """A person, and the client they used; of an API client's id the beginning and end, all of it when pointed at."""
    shown = name if len(name) <= _NAME_SHOWN else f"{name[:12]}…{name[-4:]}"
    behind = "" if name == person else f" ({person})"
    return format_html('<span class="portal-id" title="{}">{}</span>{}', name, shown, behind)


def changes_between(before: Json, after: Json) -> list[Difference]:
    """Member by member, also of an object that was not there before or is not any more."""
    return list(differences(_beside(before, after), _beside(after, before)))


def _beside(value: Json, other: Json) -> Json:
    """Nothing, where an object of the same shape is on the other side: its empty form, so that its members are told one by one."""
    if value is None and isinstance(other, dict):
        return {name: {} for name, member in other.items() if isinstance(member, dict)}
    return value


def diff_rows(before: Json, after: Json) -> Iterable[tuple[str, SafeString | str, SafeString | str]]:
    """What is changed, what it was, what it becomes."""
    for each in changes_between(before, after):
        before_cell, after_cell = (code(value, most=2_000, alone=not each.path) for value in (each.before, each.after))
        yield _name(each.path), before_cell, after_cell


def _name(path: str) -> str:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    return " › ".join(step for step in steps if step != "config") or "value"
