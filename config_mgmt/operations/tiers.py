"""What the platform gives every tenant of a tier."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from config_mgmt.bell import ring_on_commit
from config_mgmt.operations.changes import same_value
from config_mgmt.values import Actor
from tenants.models import Tenant, TierDefault

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultValue:
    kind: str
    key: str
    value: Any


def tier_defaults(tier: str) -> list[TierDefault]:
    return list(TierDefault.objects.filter(tier=tier).order_by("kind", "key"))


@transaction.atomic
def replace_tier_defaults(
    *, tier: str, defaults: Iterable[DefaultValue], actor: Actor, precondition: Callable[[list[TierDefault]], None]
) -> list[TierDefault]:
    """These defaults and no others, for every tenant of the tier within a second. The values have been checked.

    Locks the tier's tenants, by slug; `precondition` is asked under the lock. What stays the same keeps who changed it.
    """
    _one_at_a_time(tier)
    slugs = list(Tenant.objects.filter(tier=tier).order_by("slug").select_for_update(no_key=True).values_list("slug", flat=True))
    stored = tier_defaults(tier)
    precondition(stored)
    known = {(row.kind, row.key): row.value for row in stored}
    wanted = {(default.kind, default.key): default.value for default in defaults}
    gone = known.keys() - wanted.keys()
    TierDefault.objects.filter(id__in=[row.id for row in stored if (row.kind, row.key) in gone]).delete()
    changed = [name for name, value in wanted.items() if name not in known or not same_value(known[name], value)]
    for kind, key in changed:
        value = {"value": wanted[kind, key], "changed_by": actor.name, "changed_at": Now()}
        TierDefault.objects.update_or_create(tier=tier, kind=kind, key=key, defaults=value)
    if gone or changed:
        facts = {"tier": tier, "changed_by": actor.name, "changed": sorted(map(" ".join, changed)), "removed": sorted(map(" ".join, gone))}
        _log.warning("defaults of a tier were changed", extra=facts)
        ring_on_commit(*slugs)
    return tier_defaults(tier)


def _one_at_a_time(tier: str) -> None:
    """Also for a tier that has neither tenants nor defaults yet, so no row to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"tier_defaults {tier}"])
