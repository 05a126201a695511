"""Closing a tenant for ever: nothing under way, no money left, everything archived, then DECOMMISSIONED."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.db.models import Sum

from accounts.models import Account
from config_mgmt.operations.tenants import decommission_tenant, suspend_tenant
from config_mgmt.values import Actor
from iso20022.models import Message
from payment_engine.errors import Conflict
from payment_engine.money import format_amount
from payment_engine.onboarding.archive import check_place, export_archive
from payments.models import Payment
from payments.states import PaymentStatus
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.registry import STALENESS_SECONDS

_ENDED: Final = (
    PaymentStatus.COMPLETED,
    PaymentStatus.REJECTED,
    PaymentStatus.FAILED,
    PaymentStatus.CANCELLED,
    PaymentStatus.RETURNED,
    PaymentStatus.REVERSED,
)
_SEEN_EVERYWHERE_SECONDS: Final = 2 * STALENESS_SECONDS


class TenantNotEmpty(Conflict):
    """The tenant still holds its customers' money, or something is under way: it can't be closed without force."""

    code, title = "tenant_not_empty", "Tenant not empty"


def obstacles(tenant: Tenant) -> list[str]:
    """What stands against closing, in sentences."""
    with tenant_scope(tenant):
        customers = Account.objects.filter(role=Account.Role.CUSTOMER)
        booked = customers.exclude(booked_minor=0).values("currency").annotate(total=Sum("booked_minor")).order_by("currency")
        found = [f"customer accounts hold {format_amount(row['total'], row['currency'])} {row['currency']}" for row in booked]
        found += _counted(
            customers.filter(held_minor__gt=0).count(), "customer account has money held", "customer accounts have money held"
        )
        found += _counted(Payment.objects.exclude(status__in=_ENDED).count(), "payment is under way", "payments are under way")
        open_messages = Message.objects.exclude(status__in=[Message.Status.COMPLETED, Message.Status.REJECTED])
        found += _counted(open_messages.count(), "message is being worked on", "messages are being worked on")
    return found


def close_tenant(*, tenant: Tenant, actor: Actor, reason: str, archive: Path, force: bool, tell: Callable[[str], None]) -> None:
    """Suspend, look again, export, read the archive back, decommission. Stopped anywhere, it can be run again."""
    check_place(archive)
    _refuse(obstacles(tenant), force=force, standing="nothing was changed")
    if tenant.status != Tenant.Status.SUSPENDED:
        suspend_tenant(slug=tenant.slug, actor=actor, reason=reason)
        tell(f"  suspended      {tenant.slug}: waiting until every process has seen it")
        time.sleep(_SEEN_EVERYWHERE_SECONDS)
    left = obstacles(tenant)
    _refuse(left, force=force, standing="the tenant stays suspended")
    tables = export_archive(tenant=tenant, path=archive)
    rows = sum(table.rows for table in tables)
    tell(f"  archived       {rows} rows of {len(tables)} tables in {archive}, read back and found equal")
    forced = f" (forced: {'; '.join(left)})" if left else ""
    decommission_tenant(slug=tenant.slug, actor=actor, reason=f"{reason}{forced}; archive {archive.name}")
    tell(f"  decommissioned {tenant.slug} {tenant.reference}")


def _refuse(found: list[str], *, force: bool, standing: str) -> None:
    if found and not force:
        raise TenantNotEmpty(f"{'; '.join(found)}: {standing}. Pay it out first, or say --force")


def _counted(number: int, one: str, many: str) -> list[str]:
    return [f"{number} {one if number == 1 else many}"] if number else []
