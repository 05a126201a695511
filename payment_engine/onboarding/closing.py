"""Closing a tenant for ever: nothing under way, no money left, everything archived, then DECOMMISSIONED."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config_mgmt.obstacles import obstacles
from config_mgmt.operations.tenants import decommission_tenant, suspend_tenant
from config_mgmt.values import Actor
from payment_engine.onboarding.archive import check_archive, export_archive
from tenants.errors import TenantNotEmpty
from tenants.models import Tenant
from tenants.registry import STALENESS_SECONDS

_SEEN_EVERYWHERE_SECONDS: Final = 2 * STALENESS_SECONDS


def close_tenant(*, tenant: Tenant, actor: Actor, reason: str, archive: Path, force: bool, tell: Callable[[str], None]) -> None:
    """Suspend, look again, export, read the archive back, decommission. Stopped anywhere, it can be run again."""
    check_archive(archive)
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
    decommission_tenant(slug=tenant.slug, actor=actor, reason=f"{reason}{forced}; archive {archive.name}", force=force)
    tell(f"  decommissioned {tenant.slug} {tenant.reference}")


def _refuse(found: list[str], *, force: bool, standing: str) -> None:
    if found and not force:
        raise TenantNotEmpty(f"{'; '.join(found)}: {standing}. Pay it out first, or say --force")
