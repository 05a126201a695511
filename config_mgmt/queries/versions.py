"""Versions of configuration of the tenant in context."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, F, JSONField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce, Now

from config_mgmt.errors import VersionUnknown
from config_mgmt.models import ConfigVersion
from payment_engine.api.json import Json
from tenants.context import current_tenant_id

DEFAULT_ENVIRONMENT: Final = "production"
_WAITING: Final = (ConfigVersion.Status.PROPOSED, ConfigVersion.Status.SCHEDULED)


def active_versions(kind: str, environment: str = DEFAULT_ENVIRONMENT, keys: Iterable[str] | None = None) -> list[ConfigVersion]:
    """What is in force, by key; of all keys or of those named."""
    found = _of_tenant().filter(kind=kind, environment=environment, status=ConfigVersion.Status.ACTIVE)
    return list((found if keys is None else found.filter(key__in=list(keys))).order_by("key"))


def active_version(kind: str, key: str, environment: str = DEFAULT_ENVIRONMENT) -> ConfigVersion | None:
    return _of_tenant().filter(kind=kind, key=key, environment=environment, status=ConfigVersion.Status.ACTIVE).first()


def version_of(kind: str, key: str, environment: str, number: int) -> ConfigVersion:
    """Whatever became of it; raises VersionUnknown."""
    found = _of_tenant().filter(kind=kind, key=key, environment=environment, version=number).first()
    if found is None:
        raise VersionUnknown(f"{key} has no version {number} in {environment}")
    return found


def history(kind: str, key: str | None = None, environment: str | None = None) -> QuerySet[ConfigVersion]:
    """Every version, each with the value it replaced or would replace (`old_value`); to be cut into pages by (created_at, id)."""
    wanted = {name: value for name, value in {"key": key, "environment": environment}.items() if value is not None}
    return _with_old_value(_of_tenant().filter(kind=kind, **wanted))


def pending() -> QuerySet[ConfigVersion]:
    """What waits for approval or for its time, of every kind, with `old_value`; to be cut into pages by (created_at, id)."""
    return _with_old_value(_of_tenant().filter(status__in=_WAITING))


def change_with_old_value(change_id: UUID) -> ConfigVersion:
    """One version as history shows it."""
    return _with_old_value(_of_tenant()).get(id=change_id)


def old_value_of(version: ConfigVersion) -> Json:
    """Of a row of `history` or `pending`: the value it replaced or would replace."""
    return version.old_value  # type: ignore[attr-defined]  # annotated there


def _of_tenant() -> QuerySet[ConfigVersion]:
    return ConfigVersion.objects.filter(tenant_id=current_tenant_id())


def _with_old_value(rows: QuerySet[ConfigVersion]) -> QuerySet[ConfigVersion]:
    """Of a version that was in force: the value before it. Of one that waits: today's. Of a rejected one: that of the day it was."""
    same_key: dict[str, Any] = {name: OuterRef(name) for name in ("tenant_id", "kind", "key", "environment")}
    until = Coalesce(OuterRef("activated_at"), OuterRef("rejected_at"), Now())
    before = ConfigVersion.objects.filter(**same_key, activated_at__lt=until).order_by("-activated_at")
    rejected_at = Case(When(status=ConfigVersion.Status.REJECTED, then=F("decided_at")))
    return rows.annotate(rejected_at=rejected_at).annotate(old_value=Subquery(before.values("value")[:1], output_field=JSONField()))
