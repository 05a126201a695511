"""Taking tenants on, changing them, and their life cycle. Each change is history (TenantChange) and an event in the outbox.

Floors: this stands above tenants.operations because a tenant's features are configuration and its changes are events.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction

from config_mgmt.bell import ring_on_commit
from config_mgmt.flags.documents import FeatureDocument
from config_mgmt.models import TenantChange
from config_mgmt.obstacles import obstacles
from config_mgmt.operations.features import save_feature
from config_mgmt.queries.tenants import features_of
from config_mgmt.tenant_orders import TenantChanges, TenantOrder, differences, feature_errors
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.errors import FieldError, ValidationFailed
from payment_engine.observability.correlation import correlation_id
from tenants import registry
from tenants.context import tenant_scope, use
from tenants.database.login import is_owner_login
from tenants.errors import TenantAwaitsSchema, TenantExists, TenantNotEmpty, TenantStatusConflict, TenantUnknown
from tenants.models import Placement, Tenant
from tenants.operations.onboarding import check_tenant, create_tenant, schema_name_of

Status = Tenant.Status
Kind = TenantChange.Kind
FIRST_STATUSES: Final = (Status.ACTIVE, Status.PENDING_ACTIVATION)
_NEXT: Final[Mapping[str, Mapping[str, Kind]]] = {
    Status.PENDING_ACTIVATION: {Status.ACTIVE: Kind.ACTIVATED},
    Status.ACTIVE: {Status.SUSPENDED: Kind.SUSPENDED},
    Status.SUSPENDED: {Status.ACTIVE: Kind.RESUMED, Status.DECOMMISSIONED: Kind.DECOMMISSIONED},
    Status.DECOMMISSIONED: {},
}
AWAITS_SCHEMA: Final = (
    "The tenant waits for a schema of its own, which only the owner's database login makes: manage.py onboard_tenant finishes it."
)
_log = logging.getLogger(__name__)


def take_on_tenant(*, order: TenantOrder, actor: Actor, reason: str = "") -> tuple[Tenant, bool]:
    """The tenant, and whether it was made now. One that exists as it is asked for changes nothing; another one: TenantExists.

    A schema of its own needs the owner's login. Without it the tenant is PENDING_ACTIVATION in the registry alone, and what
    was asked waits there for `place_tenant`. Number, row, features, history and event are one transaction.
    """
    check_order(order)
    if (existing := _find(order.slug)) is not None:
        return _same(existing, order), False
    try:
        with use(None), transaction.atomic():
            return _create(order, actor, reason), True
    except TenantExists:
        if (existing := _find(order.slug)) is None:  # the number is taken, not the id
            raise
        return _same(existing, order), False


def place_tenant(*, slug: str, actor: Actor) -> Tenant:
    """Give a tenant that waits for it the schema made meanwhile, and put in place what was asked with it."""
    with use(None), transaction.atomic():
        tenant = _locked(slug)
        if tenant.requested is None:
            return tenant
        features = tenant.requested["features"]
        tenant.placement = Placement.objects.get(schema_name=schema_name_of(slug))
        tenant.requested = None
        tenant.save(update_fields=["placement", "requested"])
        _begin(tenant, features, actor, "asked for with a schema of its own")
        tenant.refresh_from_db()
    return tenant


def change_tenant(
    *,
    slug: str,
    changes: TenantChanges,
    actor: Actor,
    reason: str = "",
    precondition: Callable[[Tenant], None] = lambda _tenant: None,
    force: bool = False,
) -> Tenant:
    """All of the changes or none; what is so already is no change. Locks the tenant's row.

    `precondition` sees the locked row and raises if the caller's copy of it is outdated. Raises TenantStatusConflict for a
    step the life cycle has not, TenantNotEmpty where one would be for ever and is not forced, TenantAwaitsSchema,
    TenantNameInvalid, TenantUnknown.
    """
    with use(None), transaction.atomic():
        tenant = _locked(slug)
        precondition(tenant)
        if tenant.awaits_schema:
            raise TenantAwaitsSchema(AWAITS_SCHEMA, tenant=slug)
        _check_changed(tenant, changes)
        changed = _set(tenant, changes.attributes())
        if changed:
            _tell(tenant, Kind.CHANGED, actor, reason, changes=changed)
        if changes.status is not None and changes.status != tenant.status:
            _move(tenant, changes.status, actor, reason, force=force)
        tenant.refresh_from_db()
    registry.forget()
    return tenant


def next_statuses(tenant: Tenant) -> tuple[str, ...]:
    """Where the life cycle leads from here."""
    return () if tenant.awaits_schema else tuple(_NEXT[tenant.status])


def activate_tenant(*, slug: str, actor: Actor, reason: str = "") -> Tenant:
    """Let a pending or suspended tenant work."""
    return change_tenant(slug=slug, changes=TenantChanges(status=Status.ACTIVE), actor=actor, reason=reason)


def suspend_tenant(*, slug: str, actor: Actor, reason: str = "") -> Tenant:
    """From within a second everywhere: its people and clients read, new money is refused, what is in flight completes."""
    return change_tenant(slug=slug, changes=TenantChanges(status=Status.SUSPENDED), actor=actor, reason=reason)


def decommission_tenant(*, slug: str, actor: Actor, reason: str = "", force: bool = False) -> Tenant:
    """For ever. Nothing is deleted; nobody but the platform reads it any more. Raises TenantNotEmpty unless forced."""
    return change_tenant(slug=slug, changes=TenantChanges(status=Status.DECOMMISSIONED), actor=actor, reason=reason, force=force)


def check_order(order: TenantOrder) -> None:
    """Raises ValidationFailed with what no tenant can begin as, whether or not one exists."""
    check_tenant(
        slug=order.slug,
        name=order.name,
        tenant_type=order.tenant_type,
        tier=order.tier,
        isolation=order.isolation or "shared",
        profile=order.profile,
        reference=order.reference,
        legacy=order.legacy_name,
    )
    errors = list(feature_errors(order.features))
    if order.status not in FIRST_STATUSES:
        detail = f"a tenant begins as one of: {', '.join(FIRST_STATUSES)}"
        errors.append(FieldError(pointer="/status", code="value_unknown", detail=detail))
    if errors:
        raise ValidationFailed("; ".join(error.detail for error in errors), errors=errors)


def _check_changed(tenant: Tenant, changes: TenantChanges) -> None:
    if changes.status is not None and changes.status not in Status.values:
        detail = f"status is one of: {', '.join(Status.values)}"
        raise ValidationFailed(detail, errors=[FieldError(pointer="/status", code="value_unknown", detail=detail)])
    said = changes.attributes()
    check_tenant(
        slug=tenant.slug,
        name=said.get("name", tenant.name),
        tenant_type=said.get("tenant_type", tenant.tenant_type),
        tier=said.get("tier", tenant.tier),
        isolation="shared",
        profile=changes.profile,
        legacy=said.get("environment", tenant.environment) == tenant.environment,
    )


def _create(order: TenantOrder, actor: Actor, reason: str) -> Tenant:
    isolation = order.isolation or "shared"
    waits = isolation == "schema" and not is_owner_login()
    tenant = create_tenant(
        slug=order.slug,
        name=order.name,
        tenant_type=order.tenant_type,
        tier=order.tier,
        isolation="shared" if waits else isolation,
        reference=order.reference,
        status=Status.PENDING_ACTIVATION if waits else order.status,
        profile=order.profile,
        legacy_name=order.legacy_name,
        requested={"features": dict(order.features)} if waits else None,
    )
    if not waits:
        _begin(tenant, order.features, actor, reason)
        tenant.refresh_from_db()
    facts = {"tenant": tenant.slug, "reference": tenant.reference, "by": actor.name}
    transaction.on_commit(lambda: _log.info("tenant created", extra=facts))
    return tenant


def _begin(tenant: Tenant, features: Mapping[str, bool], actor: Actor, reason: str) -> None:
    """The first line of its history, and its features."""
    _tell(tenant, Kind.CREATED, actor, reason)
    set_features(tenant=tenant, features=features, actor=actor, reason=reason)


def set_features(*, tenant: Tenant, features: Mapping[str, bool], actor: Actor, reason: str = "") -> None:
    """Switch features on or off; one that is so already keeps its version and its configuration."""
    now = features_of(tenant)
    with tenant_scope(tenant), transaction.atomic():
        for key, enabled in sorted(features.items()):
            if now.get(key) != enabled:
                save_feature(key=key, document=FeatureDocument(enabled=enabled), actor=actor, reason=reason)


def _set(tenant: Tenant, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Write what is new; returns the old and new values by attribute."""
    changed = {name: {"from": getattr(tenant, name), "to": value} for name, value in wanted.items() if getattr(tenant, name) != value}
    for name in changed:
        setattr(tenant, name, wanted[name])
    if changed:
        tenant.save(update_fields=list(changed))
    return changed


def _move(tenant: Tenant, to: str, actor: Actor, reason: str, *, force: bool) -> None:
    allowed = _NEXT[tenant.status]
    if to not in allowed:
        ways = f"it can become {' or '.join(allowed)}" if allowed else "that is for ever"
        detail = f"a tenant that is {tenant.status} does not become {to}: {ways}"
        errors = [FieldError(pointer="/status", code=TenantStatusConflict.code, detail=detail)]
        raise TenantStatusConflict(detail, errors=errors, tenant=tenant.slug, allowed=list(allowed))
    if to == Status.DECOMMISSIONED and not force and (left := obstacles(tenant)):
        detail = f"{'; '.join(left)}. What customers have must be paid out first; manage.py tenant_close --force closes it all the same"
        raise TenantNotEmpty(detail, errors=[FieldError(pointer="/status", code=TenantNotEmpty.code, detail=detail)], tenant=tenant.slug)
    was, tenant.status = tenant.status, to
    tenant.save(update_fields=["status"])
    _tell(tenant, allowed[to], actor, reason, from_status=was)
    what, facts = allowed[to].label.lower(), {"tenant": tenant.slug, "from_status": was, "by": actor.name}
    transaction.on_commit(lambda: _log.warning("tenant %s", what, extra=facts))


def _tell(
    tenant: Tenant,
    kind: TenantChange.Kind,
    actor: Actor,
    reason: str,
    *,
    from_status: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """History, the outbox and, once committed, the bell."""
    with tenant_scope(tenant):
        change = TenantChange.objects.create(
            kind=kind,
            from_status=from_status or (None if kind == Kind.CREATED else tenant.status),
            to_status=tenant.status,
            changes=dict(changes or {}),
            reason=reason,
            changed_by=actor.name,
            changed_by_person=actor.person,
            correlation_id=correlation_id() or "",
        )
        OutboxEvent.objects.create(
            topic=f"tenant.{kind.lower()}",
            subject_id=change.id,
            payload={
                "tenantId": tenant.slug,
                "reference": tenant.reference,
                "from": change.from_status,
                "to": change.to_status,
                "members": sorted(change.changes),
                "reason": reason,
                "changedBy": actor.name,
            },
            correlation_id=change.correlation_id,
        )
        ring_on_commit(tenant.slug)


def _same(existing: Tenant, order: TenantOrder) -> Tenant:
    if different := differences(existing, order, features_of(existing)):
        raise TenantExists(f"a tenant {existing.slug} exists already, with another {', '.join(different)}", tenant=existing.slug)
    return existing


def _find(slug: str) -> Tenant | None:
    with use(None):
        return Tenant.objects.select_related("placement").filter(slug=slug).first()


def _locked(slug: str) -> Tenant:
    tenant = Tenant.objects.select_related("placement").select_for_update(of=("self",), no_key=True).filter(slug=slug).first()
    if tenant is None:
        raise TenantUnknown("there is no such tenant")
    return tenant
