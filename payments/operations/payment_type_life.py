"""The steps of a version's life, each told in the outbox. Under `lock_configuration`, which the operations take first."""

from datetime import datetime

import msgspec
from django.db.models import Max

from config_mgmt.bell import ring_on_commit
from config_mgmt.operations.changes import database_now
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.observability.correlation import correlation_id
from payments.definitions import Definition, definition_of
from payments.errors import NotActivatable, TermsInvalid
from payments.models import PaymentType
from payments.operations.payment_type_checks import activation_errors, check_definition
from payments.queries.payment_types import version_in_force, versions_of
from tenants.context import current_tenant_id

_Status = PaymentType.Status


def make_version(
    code: str, definition: Definition, actor: Actor, *, status: PaymentType.Status, reason: str, rollback_of: int | None = None
) -> PaymentType:
    latest: int = versions_of(code).aggregate(latest=Max("version"))["latest"] or 0
    row = PaymentType(
        code=code,
        version=latest + 1,
        status=_Status.DRAFT,
        rollback_of=rollback_of,
        created_at=database_now(),
        **definition.columns(),
        **signature(actor, reason),
    )
    if status == _Status.DRAFT:
        row.save(force_insert=True)
        tell(row, "drafted", actor)
        return row
    row.activated_by = actor.name
    return take_effect(row, actor)


def signature(actor: Actor, reason: str) -> dict[str, str]:
    return {
        "created_by": actor.name,
        "created_by_person": actor.person,
        "reason": reason,
        "correlation_id": correlation_id() or "",
    }


def take_effect(row: PaymentType, actor: Actor) -> PaymentType:
    """Retire the version in force, then put this one in its place: a draft, or one that was not stored before."""
    now = database_now()
    current = version_in_force(row.code)
    if current is not None:
        retire_version(current, actor, "", now)
    row.status, row.activated_at, row.activate_at = _Status.ACTIVE, now, None
    row.save()
    tell(row, "activated", actor, previousVersion=current.version if current is not None else None)
    return row


def retire_version(row: PaymentType, actor: Actor, reason: str, now: datetime) -> PaymentType:
    row.status, row.retired_at, row.retired_by, row.retire_reason = _Status.RETIRED, now, actor.name, reason
    row.save(update_fields=["status", "retired_at", "retired_by", "retire_reason"])
    tell(row, "retired", actor, reason=reason)
    return row


def discard_version(row: PaymentType, actor: Actor, reason: str) -> None:
    """A draft decided no payment, so its row goes; the event keeps the terms it had."""
    tell(row, "discarded", actor, reason=reason, terms=msgspec.to_builtins(definition_of(row).columns()))
    versions_of(row.code).filter(id=row.id).delete()


def refuse_inactive(row: PaymentType) -> None:
    """Checked anew when it takes effect: a calendar or a rail that was there may be gone."""
    definition = definition_of(row)
    try:
        check_definition(row.code, definition)
    except TermsInvalid as error:
        raise NotActivatable(error.detail, errors=error.errors) from error
    errors = activation_errors(definition)
    if errors:
        raise NotActivatable(errors[0].detail, errors=errors)


def tell(row: PaymentType, what: str, actor: Actor, **facts: object) -> None:
    """`payment_type.activated` and the like, in the transaction of the change."""
    OutboxEvent.objects.create(
        topic=f"payment_type.{what}",
        subject_id=row.id,
        payload={"code": row.code, "version": row.version, "changedBy": actor.name, "reason": row.reason, **facts},
        correlation_id=correlation_id() or row.correlation_id,
    )
    ring_on_commit(current_tenant_id())
