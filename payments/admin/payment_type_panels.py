"""The tables on the page of a payment type: what differs, the terms, the versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import who
from payments.admin.payment_type_words import differences_in_words
from payments.definitions import definition_of
from payments.models import PaymentType
from tenants.portal.cells import NOTHING, Column, Panel, badge, moment, record_link

_Status = PaymentType.Status
SHOWN_VERSIONS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """For templates: what differs, with the words above before and after."""

    rows: Sequence[tuple[str, str, str]]
    before: str
    after: str
    replaces: bool
    """Whether there is anything in force before."""


def diff_of(before: PaymentType | None, after: PaymentType) -> Diff:
    return Diff(
        rows=differences_in_words(None if before is None else definition_of(before), definition_of(after)),
        before="Nothing in force" if before is None else f"Version {before.version}",
        after=f"Version {after.version}",
        replaces=before is not None,
    )


def diff_to_force(version: PaymentType) -> Diff:
    """What would change for payments if this version came into force."""
    return diff_of(versions_like(version).filter(status=_Status.ACTIVE).first(), version)


def versions_like(version: PaymentType) -> QuerySet[PaymentType]:
    """Of the same code; also for who looks across tenants."""
    return PaymentType.objects.filter(tenant_id=version.tenant_id, code=version.code)


def versions_panel(versions: list[PaymentType]) -> Panel:
    """Of versions with the newest first, each with what it changed of the one before it; given one more than are shown."""
    pairs = list(zip(versions, [*versions[1:], None], strict=True))[:SHOWN_VERSIONS]
    return Panel(
        title="Versions",
        columns=tuple(Column(heading=heading) for heading in ("Version", "Status", "What changed", "Made by", "Why", "In force")),
        rows=[_version_row(version, before) for version, before in pairs],
        empty="No versions.",
    )


def _version_row(version: PaymentType, before: PaymentType | None) -> tuple[str, ...]:
    return (
        record_link("payments_paymenttype_change", version.pk, f"Version\N{NO-BREAK SPACE}{version.version}"),
        status_badge(version),
        _changes(version, before),
        _by(version.created_by, version.created_by_person, moment(version.created_at)),
        version.reason or NOTHING,
        _in_force(version),
    )


def status_badge(version: PaymentType) -> SafeString:
    if version.status == _Status.DRAFT and version.activate_at is not None:
        return badge("SCHEDULED", "Scheduled")
    return badge(version.status, version.get_status_display())


def draft_badge(draft: PaymentType) -> SafeString:
    """A draft that waits beside the version in force, and for when if it has a time."""
    planned = (
        "" if draft.activate_at is None else format_html('<span class="portal-moment">{}</span>', f"{draft.activate_at:%Y-%m-%d %H:%M}")
    )
    return format_html("{} {}", badge("SCHEDULED" if planned else "DRAFT", f"Version {draft.version}"), planned)


def _changes(version: PaymentType, before: PaymentType | None) -> SafeString | str:
    if before is None:
        return "First version"
    changed = "; ".join(f"{name}: {old} → {new}" for name, old, new in diff_of(before, version).rows) or "Nothing"
    back = "" if version.rollback_of is None else f"Back to version {version.rollback_of}. "
    return format_html('<span class="pt-changes">{}{}</span>', back, changed)


def _in_force(version: PaymentType) -> SafeString | str:
    """From when to when, and by whom."""
    if version.activated_at is None:
        return NOTHING if version.activate_at is None else format_html("planned for<br>{}", moment(version.activate_at))
    began = _by(version.activated_by, "", moment(version.activated_at))
    if version.retired_at is None:
        return began
    ended = _by(version.retired_by, "", moment(version.retired_at))
    return format_html("{}<br>until {}{}", began, ended, format_html("<br>{}", version.retire_reason) if version.retire_reason else "")


def _by(name: str, person: str, at: str) -> SafeString:
    return format_html('{}<br><span class="text-subtle">{}</span>', who(name, person or name) if name else NOTHING, at)
