"""Payment types are versioned: what was in force is never rewritten, so every payment keeps the terms that decided it.

DRAFT → ACTIVE → RETIRED. At most one version of a code is in force and at most one is a draft; putting a version in force
retires the one before it in the same transaction. Every change locks the tenant's configuration first, is told in the
outbox, and reaches every process within a second.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from config_mgmt.errors import ActivationTimeInvalid
from config_mgmt.operations.changes import database_now, lock_configuration
from config_mgmt.values import Actor
from payment_engine.errors import FieldError
from payments.definitions import Definition, definition_of
from payments.errors import NotActivatable, NotADraft, PaymentTypeExists, TermsInvalid
from payments.models import PaymentType
from payments.operations.payment_type_checks import activation_errors, check_definition
from payments.operations.payment_type_life import (
    discard_version,
    make_version,
    refuse_inactive,
    retire_version,
    signature,
    take_effect,
    tell,
)
from payments.queries.payment_types import draft_of, shown_version, version_in_force, version_of, versions_of
from tenants.context import current_tenant_id

Precondition = Callable[..., None]
"""Called under the lock with the version that stands for the code, and the draft that is changed if any; raises to refuse it."""
AHEAD_MAX: Final = timedelta(days=3660)
_Status = PaymentType.Status
_log: Final = logging.getLogger(__name__)


def _anything(*_rows: PaymentType) -> None:
    """The precondition of those who did not look before."""


@transaction.atomic
def create_payment_type(
    *, code: str, definition: Definition, actor: Actor, draft: bool = False, reason: str = ""
) -> tuple[PaymentType, bool]:
    """The first version of a new code, in force at once unless it is a draft; and whether it was made.

    The same asked again gives the version that is there. PaymentTypeExists when the code has other terms.
    """
    definition = checked_terms(code, definition, draft=draft)
    lock_configuration()
    wanted = _Status.DRAFT if draft else _Status.ACTIVE
    if versions_of(code).exists():
        existing = shown_version(code)
        if existing.status == wanted and definition_of(existing) == definition:
            return existing, False
        raise PaymentTypeExists(
            f"{code} is there with other terms ({existing.status}, version {existing.version}); PUT makes the next version"
        )
    return make_version(code, definition, actor, status=wanted, reason=reason), True


@transaction.atomic
def put_payment_type(
    *,
    code: str,
    definition: Definition,
    actor: Actor,
    draft: bool = False,
    reason: str = "",
    precondition: Precondition = _anything,
) -> PaymentType:
    """The next version: in force at once, or the draft. Terms equal to those in force change nothing.

    A draft that is there is edited in place, which takes a scheduled activation back; NoSuchPaymentType without any version.
    """
    definition = checked_terms(code, definition, draft=draft)
    lock_configuration()
    shown, own_draft = shown_version(code), draft_of(code) if draft else None
    precondition(*(row for row in (shown, own_draft) if row is not None))
    return _put_draft(code, definition, actor, reason) if draft else _put_in_force(code, definition, actor, reason)


@transaction.atomic
def activate_payment_type(
    *,
    code: str,
    version: int,
    actor: Actor,
    activate_at: datetime | None = None,
    reason: str = "",
    precondition: Precondition = _anything,
) -> PaymentType:
    """Put a draft in force, now or at a time; once more does nothing. NotActivatable for what is retired or can't take effect."""
    lock_configuration()
    shown, row = shown_version(code), version_of(code, version)
    precondition(shown, row)
    if row.status == _Status.ACTIVE:
        return row
    if row.status == _Status.RETIRED:
        raise NotActivatable(f"version {version} of {code} is retired; rolling back to it makes a new version with its terms")
    refuse_inactive(row)
    row.activated_by, row.reason = actor.name, reason or row.reason
    if activate_at is None:
        return take_effect(row, actor)
    _check_time(activate_at)
    row.activate_at = activate_at
    row.save(update_fields=["activate_at", "activated_by", "reason"])
    tell(row, "scheduled", actor, activateAt=activate_at.isoformat())
    return row


@transaction.atomic
def retire_payment_type(*, code: str, actor: Actor, reason: str = "", precondition: Precondition = _anything) -> PaymentType:
    """Take no more payments of this type until a version is put in force; a scheduled draft stays a draft. Once more does nothing."""
    lock_configuration()
    shown = shown_version(code)
    precondition(shown)
    draft = draft_of(code)
    if draft is not None and draft.activate_at is not None:
        draft.activate_at = None
        draft.save(update_fields=["activate_at"])
    if shown.status == _Status.ACTIVE:
        return retire_version(shown, actor, reason, database_now())
    return shown


@transaction.atomic
def discard_draft(*, code: str, version: int, actor: Actor, reason: str = "", precondition: Precondition = _anything) -> PaymentType:
    """Do away with a draft, scheduled or not; payments go on as before. NotADraft for a version that is or was in force.

    The next draft may get its number. A code of which there was nothing else is unknown again.
    """
    lock_configuration()
    shown, row = shown_version(code), version_of(code, version)
    precondition(shown, row)
    if row.status != _Status.DRAFT:
        raise NotADraft(f"version {version} of {code} is {row.status}: only a draft can be discarded")
    discard_version(row, actor, reason)
    return row


@transaction.atomic
def roll_back_payment_type(
    *, code: str, version: int, actor: Actor, reason: str = "", precondition: Precondition = _anything
) -> PaymentType:
    """Bring the terms of an earlier version back as a new one, in force at once. NotActivatable for a draft."""
    lock_configuration()
    precondition(shown_version(code))
    row = version_of(code, version)
    if row.status == _Status.DRAFT:
        raise NotActivatable(f"version {version} of {code} was never in force, so there is nothing to go back to; activate it")
    refuse_inactive(row)
    return _put_in_force(code, definition_of(row), actor, reason, rollback_of=version)


def activate_due_payment_types() -> int:
    """A round of the sweeper: put drafts whose time has come in force, in the order of their times; how many it were.

    A draft that can't take effect any more stays a draft without a time, and the outbox tells why.
    """
    if not _due().exists():
        return 0
    with transaction.atomic():
        if not lock_configuration(wait=False):
            return 0  # somebody changes the tenant's configuration just now: the next round will
        return sum(_take_due_effect(row) for row in list(_due()))


def checked_terms(code: str, definition: Definition, *, draft: bool) -> Definition:
    """The definition in its one spelling. Raises TermsInvalid with a pointer per offending member."""
    plain = replace(
        definition,
        name=definition.name.strip(),
        description=definition.description.strip(),
        currencies=tuple(sorted(set(definition.currencies))),
    )
    check_definition(code, plain)
    errors = [] if draft else activation_errors(plain)
    if errors:
        raise TermsInvalid(errors[0].detail, errors=errors)
    return plain


def _check_time(activate_at: datetime) -> None:
    now = database_now()
    if not now < activate_at <= now + AHEAD_MAX:
        detail = "activateAt is a time in the next ten years; leave it out to activate at once"
        code = ActivationTimeInvalid.code
        raise ActivationTimeInvalid(detail, errors=[FieldError(pointer="/activateAt", code=code, detail=detail)])


def _put_draft(code: str, definition: Definition, actor: Actor, reason: str) -> PaymentType:
    draft = draft_of(code)
    if draft is None:
        return make_version(code, definition, actor, status=_Status.DRAFT, reason=reason)
    for column, value in {**definition.columns(), **signature(actor, reason), "activate_at": None}.items():
        setattr(draft, column, value)
    draft.save()
    tell(draft, "drafted", actor)
    return draft


def _put_in_force(code: str, definition: Definition, actor: Actor, reason: str, rollback_of: int | None = None) -> PaymentType:
    current = version_in_force(code)
    if current is not None and definition_of(current) == definition:
        return current
    return make_version(code, definition, actor, status=_Status.ACTIVE, reason=reason, rollback_of=rollback_of)


def _due() -> QuerySet[PaymentType]:
    due = PaymentType.objects.filter(tenant_id=current_tenant_id(), status=_Status.DRAFT, activate_at__lte=Now())
    return due.order_by("activate_at", "code")


def _take_due_effect(row: PaymentType) -> int:
    actor = Actor(name=row.activated_by, person=row.activated_by)
    try:
        refuse_inactive(row)
    except NotActivatable as error:
        _log.warning(
            "a payment type could not be activated at its time", extra={"context": {"payment_type": str(row), "why": error.detail}}
        )
        row.activate_at = None
        row.save(update_fields=["activate_at"])
        tell(row, "activation_failed", actor, why=error.detail)
        return 0
    take_effect(row, actor)
    return 1
