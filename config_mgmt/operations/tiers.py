"""What the platform gives every tenant of a tier. Each change is history (TierChange), and an event for each tenant it reaches."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.db import connection, transaction
from django.db.models.functions import Now

from config_mgmt.bell import ring_on_commit
from config_mgmt.operations.changes import same_value
from config_mgmt.queries.tiers import TierDefaults, tier_defaults
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.observability.correlation import correlation_id
from tenants.context import tenant_scope
from tenants.models import Tenant, TierChange, TierDefault

Name = tuple[str, str]
"""Kind and key of a default."""
Precondition = Callable[[TierDefaults], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultValue:
    kind: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultChange:
    """What became of one default; null stands for none."""

    change: Literal["ADDED", "CHANGED", "REMOVED"]
    kind: str
    key: str
    before: Any
    after: Any


@transaction.atomic
def replace_tier_defaults(
    *,
    tier: str,
    defaults: Iterable[DefaultValue],
    actor: Actor,
    precondition: Precondition,
    reason: str = "",
    rollback_of: int | None = None,
) -> TierDefaults:
    """These defaults and no others, for every tenant of the tier within a second. The values have been checked.

    Locks the tier's tenants, by slug; `precondition` is asked under the lock. What stays the same keeps who changed it, and
    where nothing changes there is no new version. History and one event for each tenant stand in the same transaction.
    """
    _one_at_a_time(tier)
    tenants = list(
        Tenant.objects.filter(tier=tier).select_related("placement").order_by("slug").select_for_update(of=("self",), no_key=True)
    )
    stored = tier_defaults(tier)
    precondition(stored)
    wanted = {(default.kind, default.key): default.value for default in defaults}
    changes = differences_of({(row.kind, row.key): row.value for row in stored.rows}, wanted)
    if changes:
        _write(tier, changes, actor)
        version = _keep(stored.version + 1, tier, changes, actor, reason=reason, rollback_of=rollback_of)
        for tenant in tenants:
            _tell(tenant, version)
        ring_on_commit(*(tenant.slug for tenant in tenants))
    return tier_defaults(tier)


def differences_of(before: Mapping[Name, Any], after: Mapping[Name, Any]) -> list[DefaultChange]:
    """What leads from one set of defaults to the other, by kind and key. Pure."""
    return [
        DefaultChange(change=_change_of(name, before, after), kind=name[0], key=name[1], before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if name not in before or name not in after or not same_value(before[name], after[name])
    ]


def _change_of(name: Name, before: Mapping[Name, Any], after: Mapping[Name, Any]) -> Literal["ADDED", "CHANGED", "REMOVED"]:
    if name not in before:
        return "ADDED"
    return "CHANGED" if name in after else "REMOVED"


def _write(tier: str, changes: Iterable[DefaultChange], actor: Actor) -> None:
    for each in changes:
        if each.change == "REMOVED":
            TierDefault.objects.filter(tier=tier, kind=each.kind, key=each.key).delete()
        else:
            value = {"value": each.after, "changed_by": actor.name, "changed_at": Now()}
            TierDefault.objects.update_or_create(tier=tier, kind=each.kind, key=each.key, defaults=value)


def _keep(number: int, tier: str, changes: list[DefaultChange], actor: Actor, *, reason: str, rollback_of: int | None) -> TierChange:
    change = TierChange.objects.create(
        tier=tier,
        version=number,
        changes=[asdict(each) for each in changes],
        defaults=[{"kind": row.kind, "key": row.key, "value": row.value} for row in tier_defaults(tier).rows],
        reason=reason,
        rollback_of=rollback_of,
        changed_by=actor.name,
        changed_by_person=actor.person,
        correlation_id=correlation_id() or "",
    )
    facts = {"tier": tier, "version": change.version, "changed_by": actor.name, "changed": [f"{each.kind} {each.key}" for each in changes]}
    _log.warning("defaults of a tier were changed", extra=facts)
    return change


def _tell(tenant: Tenant, version: TierChange) -> None:
    """The event names what changed and holds no value. Of a tenant that waits for its schema nothing is stored; a closed one
    is told nothing any more."""
    if tenant.awaits_schema or tenant.status == Tenant.Status.DECOMMISSIONED:
        return
    with tenant_scope(tenant):
        OutboxEvent.objects.create(
            topic="config.changed",
            subject_id=version.id,
            payload={
                "kind": "TIER_DEFAULTS",
                "key": version.tier,
                "version": version.version,
                "changes": [{name: each[name] for name in ("change", "kind", "key")} for each in version.changes],
                "changedBy": version.changed_by,
                "reason": version.reason,
            },
            correlation_id=version.correlation_id,
        )


def _one_at_a_time(tier: str) -> None:
    """Also for a tier that has neither tenants nor defaults yet, so no row to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"tier_defaults {tier}"])
