"""Changing configuration: every change is a version, whether it takes effect now, at a time or after somebody else's approval.

All writes lock the tenant's row in the registry first, so the versions of a tenant follow one another and two keys
changed in one transaction can't block two others. Each write leaves an event in the outbox and rings the bell.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from config_mgmt.bell import ring_on_commit
from config_mgmt.errors import (
    ActivationTimeInvalid,
    ChangeDecided,
    ChangeOvertaken,
    ChangeUnknown,
    NeverInForce,
    NotAuthorised,
)
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.four_eyes import check_second_person
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT, active_version, version_of
from config_mgmt.settings_catalogue import BY_KEY
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.api.errors import StaleVersion, at
from payment_engine.api.etags import version_etag
from payment_engine.api.json import Json
from payment_engine.observability.correlation import correlation_id
from tenants.context import current_tenant_id
from tenants.models import Tenant

_DUE_AT_ONCE: Final = 100
_LAST_YEAR: Final = 9998  # in UTC the next may already lie beyond what a datetime holds
_TOPICS: Final = {
    ConfigVersion.Status.ACTIVE: "config.changed",
    ConfigVersion.Status.PROPOSED: "config.proposed",
    ConfigVersion.Status.SCHEDULED: "config.scheduled",
    ConfigVersion.Status.REJECTED: "config.rejected",
}


@transaction.atomic
def change_config(
    *,
    kind: ConfigVersion.Kind,
    key: str,
    value: Json,
    actor: Actor,
    environment: str = DEFAULT_ENVIRONMENT,
    reason: str = "",
    activate_at: datetime | None = None,
    expected_version: int | None = None,
    needs_approval: bool = False,
    rollback_of: int | None = None,
) -> ConfigVersion:
    """Make the next version of the key: active at once, PROPOSED if it needs approval, else SCHEDULED if it is for later.

    The value has been checked. A value equal to the active one, meant for now, changes nothing: the active version is
    returned. So is a proposal of the same person for the same value that still waits. `expected_version` is the version
    the caller saw active, 0 for none; StaleVersion when it is another by now. A scheduled change whose time has passed
    takes effect before this one does.
    """
    active = lock_active_version(kind, key, environment)
    check_expected_version(active, expected_version)
    now = database_now()
    later = activate_at is not None and activate_at > now
    if activate_at is not None and activate_at.year > _LAST_YEAR:
        raise at("/activateAt", ActivationTimeInvalid("a change takes effect before the year 9999"))
    if active is not None and not later and same_value(active.value, value):
        return active
    version = ConfigVersion(
        kind=kind,
        key=key,
        environment=environment,
        version=latest_number(kind, key, environment) + 1,
        value=value,
        status=_first_status(needs_approval=needs_approval, later=later),
        reason=reason,
        rollback_of=rollback_of,
        changed_by=actor.name,
        changed_by_person=actor.person,
        correlation_id=correlation_id() or "",
        created_at=now,
        activate_at=activate_at if later else None,  # a time that has passed means now
    )
    if needs_approval and (waiting := _same_proposal(version)) is not None:
        return waiting
    _begin(version, active)
    return version


def roll_back(
    *,
    kind: ConfigVersion.Kind,
    key: str,
    version: int,
    actor: Actor,
    environment: str = DEFAULT_ENVIRONMENT,
    reason: str = "",
    expected_version: int | None = None,
    needs_approval: bool = False,
) -> ConfigVersion:
    """Bring the value of a version that was once active back, as a new version."""
    return change_config(
        kind=kind,
        key=key,
        value=value_in_force(kind=kind, key=key, version=version, environment=environment),
        actor=actor,
        environment=environment,
        reason=reason,
        expected_version=expected_version,
        needs_approval=needs_approval,
        rollback_of=version,
    )


def value_in_force(*, kind: str, key: str, version: int, environment: str = DEFAULT_ENVIRONMENT) -> Json:
    """The value of a version that is or was active; raises VersionUnknown or NeverInForce."""
    found = version_of(kind, key, environment, version)
    if found.activated_at is None:
        raise NeverInForce(f"version {version} of {key} was never active, so there is nothing to go back to")
    return found.value


@transaction.atomic
def approve_change(*, change_id: UUID, actor: Actor, reason: str = "") -> ConfigVersion:
    """Let a proposed change take effect, now or at its time. Raises SelfApproval for the person who asked for it, NotAuthorised
    for an approver nobody answers for and for what only the platform changes, ChangeOvertaken when another version has taken
    effect since. `reason` is kept in the event."""
    lock_configuration()
    change = _waiting(change_id, ConfigVersion.Status.PROPOSED)
    _check_may_decide(change, actor)
    check_second_person(actor, change.changed_by, change.changed_by_person, what="a change")
    _refuse_overtaken(change)
    now = database_now()
    _decide(change, actor, now)
    if change.activate_at is not None and change.activate_at > now:
        change.status = ConfigVersion.Status.SCHEDULED
        change.save(update_fields=["status", *_DECISION])
        _tell(change, decision=reason)
    else:
        _take_effect(change, decision=reason)
    return change


@transaction.atomic
def reject_change(*, change_id: UUID, actor: Actor, reason: str = "") -> ConfigVersion:
    """Let a change that waits, for approval or for its time, never take effect; also for who asked for it and thought better.
    Raises NotAuthorised for what only the platform changes."""
    lock_configuration()
    change = _waiting(change_id, ConfigVersion.Status.PROPOSED, ConfigVersion.Status.SCHEDULED)
    _check_may_decide(change, actor)
    _decide(change, actor, database_now())
    change.status = ConfigVersion.Status.REJECTED
    change.save(update_fields=["status", *_DECISION])
    _tell(change, decision=reason)
    return change


def activate_due_changes() -> int:
    """A round of the sweeper: let scheduled changes of the tenant in context take effect, in the order of their times.

    Does nothing while somebody else changes the tenant's configuration: the next round will. Returns how many it were.
    """
    if not _due().exists():
        return 0
    with transaction.atomic():
        if not lock_configuration(wait=False):
            return 0
        return _activate(_due())


def lock_configuration(*, wait: bool = True) -> bool:
    """MUST be held by whoever writes versions: the tenant's row in the registry, which each write updates anyway.

    False when somebody else holds it and `wait` is False.
    """
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"  # noqa: S101
    row = Tenant.objects.select_for_update(no_key=True, skip_locked=not wait).filter(slug=current_tenant_id())
    return row.values_list("slug").first() is not None


def lock_active_version(kind: str, key: str, environment: str = DEFAULT_ENVIRONMENT) -> ConfigVersion | None:
    """What is in force, to be replaced in this transaction: what was due by now has taken effect. Locks the tenant's configuration."""
    lock_configuration()
    _activate(_due().filter(kind=kind, key=key, environment=environment))
    return active_version(kind, key, environment)


def latest_number(kind: str, key: str, environment: str = DEFAULT_ENVIRONMENT) -> int:
    """The number of the newest version, whatever became of it; 0 without any."""
    versions = _of_tenant().filter(kind=kind, key=key, environment=environment)
    return versions.aggregate(latest=Max("version"))["latest"] or 0


def database_now() -> datetime:
    """The clock that decides what is due, read anew at each call."""
    now: datetime = Tenant.objects.filter(slug=current_tenant_id()).values_list(Now(), flat=True).get()
    return now


def check_expected_version(active: ConfigVersion | None, expected: int | None) -> None:
    number = active.version if active is not None else 0
    if expected is not None and expected != number:
        raise StaleVersion("the configuration was changed since you read it", headers={"ETag": version_etag(number)})


def same_value(one: Json, other: Json) -> bool:
    """Equal as JSON: unlike Python, true is not 1."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


_DECISION: Final = ("decided_by", "decided_by_person", "decided_at")


def _of_tenant() -> QuerySet[ConfigVersion]:
    return ConfigVersion.objects.filter(tenant_id=current_tenant_id())


def _same_key(version: ConfigVersion) -> QuerySet[ConfigVersion]:
    return _of_tenant().filter(kind=version.kind, key=version.key, environment=version.environment)


def _due() -> QuerySet[ConfigVersion]:
    due = _of_tenant().filter(status=ConfigVersion.Status.SCHEDULED, activate_at__lte=Now())
    return due.order_by("activate_at", "version", "id")


def _first_status(*, needs_approval: bool, later: bool) -> ConfigVersion.Status:
    if needs_approval:
        return ConfigVersion.Status.PROPOSED
    return ConfigVersion.Status.SCHEDULED if later else ConfigVersion.Status.ACTIVE


def _same_proposal(version: ConfigVersion) -> ConfigVersion | None:
    """One that waits already and asks for the same, by the same person."""
    waiting = _same_key(version).filter(
        status=ConfigVersion.Status.PROPOSED, changed_by_person=version.changed_by_person, activate_at=version.activate_at
    )
    return next((each for each in waiting if same_value(each.value, version.value)), None)


def _begin(version: ConfigVersion, active: ConfigVersion | None) -> None:
    """Store it; one that is active from the beginning takes the place of the one before."""
    if version.status == ConfigVersion.Status.ACTIVE:
        version.activated_at = version.created_at
        if active is not None:
            _supersede(active, version.created_at)
    version.save(force_insert=True)
    _tell(version)


def _waiting(change_id: UUID, *statuses: str) -> ConfigVersion:
    change = _of_tenant().filter(id=change_id).first()
    if change is None:
        raise ChangeUnknown("there is no such change")
    if change.status not in statuses:
        raise ChangeDecided(f"the change is {change.status}: it does not wait for this decision", change=change.public_id)
    return change


def _refuse_overtaken(change: ConfigVersion) -> None:
    """What was to be approved is the step from the value of that day; it is another step from the value of today."""
    lock_active_version(change.kind, change.key, change.environment)
    if _same_key(change).filter(activated_at__gt=change.created_at).exists():
        raise ChangeOvertaken("another version has taken effect since this change was proposed", change=change.public_id)


def _check_may_decide(change: ConfigVersion, actor: Actor) -> None:
    declared = BY_KEY.get(change.key) if change.kind == ConfigVersion.Kind.SETTING else None
    if declared is not None and declared.changed_by == "platform" and not actor.is_platform:
        raise NotAuthorised(f"{change.key} is changed by the platform only, and so is decided what becomes of a change", key=change.key)


def _decide(change: ConfigVersion, actor: Actor, now: datetime) -> None:
    change.decided_by, change.decided_by_person, change.decided_at = actor.name, actor.person, now


def _activate(due: QuerySet[ConfigVersion]) -> int:
    changes = list(due[:_DUE_AT_ONCE])
    for change in changes:
        _take_effect(change)
    return len(changes)


def _take_effect(change: ConfigVersion, *, decision: str = "") -> None:
    active = active_version(change.kind, change.key, change.environment)
    now = database_now()
    if active is not None:
        _supersede(active, now)
    change.status, change.activated_at = ConfigVersion.Status.ACTIVE, now
    change.save(update_fields=["status", "activated_at", *_DECISION])
    _tell(change, decision=decision)


def _supersede(active: ConfigVersion, now: datetime) -> None:
    active.status, active.superseded_at = ConfigVersion.Status.SUPERSEDED, now
    active.save(update_fields=["status", "superseded_at"])


def _tell(version: ConfigVersion, *, decision: str = "") -> None:
    """The event names the change and holds no value: whoever may see it reads it."""
    OutboxEvent.objects.create(
        topic=_TOPICS[ConfigVersion.Status(version.status)],
        subject_id=version.id,
        payload={
            "kind": version.kind,
            "key": version.key,
            "environment": version.environment,
            "version": version.version,
            "changedBy": version.changed_by,
            "decidedBy": version.decided_by,
            "reason": version.reason,
            "decisionReason": decision,
        },
        correlation_id=correlation_id() or version.correlation_id,
    )
    ring_on_commit(current_tenant_id())
