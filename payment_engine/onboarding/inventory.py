"""The inventory of tenants: as a table or JSON, and read from a CSV file of a system that comes before this one."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from django.db import transaction

from config_mgmt.operations.tenants import change_tenant, take_on_tenant
from config_mgmt.tenant_orders import TenantChanges, TenantOrder
from config_mgmt.values import Actor
from payment_engine.errors import EngineError, FieldError, Malformed, ValidationFailed
from payment_engine.onboarding.refusals import refusal
from tenants import registry
from tenants.models import Tenant
from tenants.profiles import TenantProfile


class Done(StrEnum):
    """What became of a line."""

    MADE = "made"
    IN_PLACE = "in place"
    ACTIVATED = "activated"
    RESUMED = "resumed"
    SUSPENDED = "suspended"


_NEEDED: Final = ("Tenant ID", "Tenant Name", "Environment", "Status")
_OPTIONAL: Final = ("Database", "Primary Region", "Company", "Type", "Tier")
_STATUSES: Final = {
    "active": Tenant.Status.ACTIVE,
    "suspended": Tenant.Status.SUSPENDED,
    "pending": Tenant.Status.PENDING_ACTIVATION,
    "pending activation": Tenant.Status.PENDING_ACTIVATION,
    "pending_activation": Tenant.Status.PENDING_ACTIVATION,
}
_STEPS: Final[Mapping[tuple[str, str], Done]] = {
    (Tenant.Status.PENDING_ACTIVATION, Tenant.Status.ACTIVE): Done.ACTIVATED,
    (Tenant.Status.SUSPENDED, Tenant.Status.ACTIVE): Done.RESUMED,
    (Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED): Done.SUSPENDED,
}
INVENTORY: Final = ("reference", "tenant", "name", "environment", "tier", "status", "isolation", "schema", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    line: int
    order: TenantOrder
    status: str
    """As the file has it; `order.status` is what the tenant begins as if it is made."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    tenant: Tenant
    done: Done


def inventory_row(tenant: Tenant) -> tuple[str, ...]:
    return (
        tenant.reference,
        tenant.slug,
        tenant.name,
        tenant.environment,
        tenant.tier,
        tenant.status,
        tenant.isolation,
        tenant.schema,
        tenant.region,
    )


def read_inventory(path: Path) -> list[InventoryRow]:
    """Raises Malformed for what is no such file, ValidationFailed with every line that can't be taken."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey="", restval="")
            _check_header(path, list(reader.fieldnames or []))
            return _rows(reader)
    except OSError as error:
        raise Malformed(f"{path} can't be read: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise Malformed(f"{path} is not CSV in UTF-8: {error}") from None


def import_tenants(*, rows: list[InventoryRow], actor: Actor, plan: bool = False) -> list[Imported]:
    """All of them or none, with the numbers they bring. One that exists as the file says is left alone.

    One whose status alone is another takes the step of the life cycle that leads to the file's; without such a step it is
    refused, as one that differs in anything else is. With `plan` everything is tried and nothing is kept. Raises
    ValidationFailed with every line that is refused.
    """
    done: list[Imported] = []
    errors: list[FieldError] = []
    with transaction.atomic():
        for row in rows:
            try:
                with transaction.atomic():
                    done.append(_take_on(row, actor))
            except EngineError as error:
                errors.append(FieldError(pointer=f"/line {row.line}", code=error.code, detail=refusal(error)))
        if errors or plan:
            transaction.set_rollback(True)
    registry.forget()
    if errors:
        raise ValidationFailed("nothing was imported", errors=errors)
    return done


def _take_on(row: InventoryRow, actor: Actor) -> Imported:
    tenant, created = take_on_tenant(order=row.order, actor=actor, reason=row.reason)
    if tenant.status == row.status:
        return Imported(tenant=tenant, done=Done.MADE if created else Done.IN_PLACE)
    reason = f"{Tenant.Status(row.status).label} in the inventory"
    moved = change_tenant(slug=tenant.slug, changes=TenantChanges(status=row.status), actor=actor, reason=reason)
    return Imported(tenant=moved, done=Done.MADE if created else _STEPS[tenant.status, moved.status])


def _check_header(path: Path, names: list[str]) -> None:
    missing, unknown = set(_NEEDED) - set(names), set(names) - {*_NEEDED, *_OPTIONAL}
    if missing or unknown or len(set(names)) != len(names):
        raise Malformed(
            f"the first line of {path} names the columns {', '.join(_NEEDED)}, and of these what is known: {', '.join(_OPTIONAL)}"
        )


def _rows(reader: "csv.DictReader[str]") -> list[InventoryRow]:
    rows, errors = [], []
    lines: dict[tuple[str, str], int] = {}
    for cells in reader:
        if "" in cells:
            errors.append(FieldError(pointer=f"/line {reader.line_num}", code="too_many_cells", detail="more cells than columns"))
            continue
        known = {name: (value or "").strip() for name, value in cells.items()}
        flaws = [FieldError(pointer=f"/line {reader.line_num}", code="value_unknown", detail=flaw) for flaw in _flaws(known)]
        first = lines.setdefault((known["Tenant ID"], known["Tenant Name"]), reader.line_num)
        if first != reader.line_num:
            detail = f"{known['Tenant Name']} is on line {first} already"
            flaws.append(FieldError(pointer=f"/line {reader.line_num}", code="given_twice", detail=detail))
        errors += flaws
        if not flaws:
            rows.append(_row(reader.line_num, known))
    if errors:
        raise ValidationFailed("nothing was imported", errors=errors)
    if not rows:
        raise Malformed("the file has a header and no tenants")
    return rows


def _flaws(cells: dict[str, str]) -> Iterator[str]:
    yield from (f"{name} is empty" for name in _NEEDED if not cells[name])
    if cells["Environment"] and cells["Environment"].upper() not in Tenant.Environment.values:
        yield f"Environment is one of {', '.join(Tenant.Environment.labels)}, not {cells['Environment']!r}"
    if cells["Status"] and cells["Status"].lower() not in _STATUSES:
        yield f"Status is Active, Suspended or Pending, not {cells['Status']!r}"


def _row(line: int, cells: dict[str, str]) -> InventoryRow:
    status = _STATUSES[cells["Status"].lower()]
    order = TenantOrder(
        slug=cells["Tenant Name"],
        name=cells.get("Company") or cells["Tenant Name"],
        tenant_type=(cells.get("Type") or Tenant.Type.BANK).upper(),
        tier=(cells.get("Tier") or Tenant.Tier.STANDARD).upper(),
        status=status if status == Tenant.Status.PENDING_ACTIVATION else Tenant.Status.ACTIVE,
        profile=TenantProfile(
            environment=cells["Environment"].upper(), company_name=cells.get("Company", ""), region=cells.get("Primary Region", "")
        ),
        reference=cells["Tenant ID"],
        legacy_name=True,
    )
    database = f", database {cells['Database']}" if cells.get("Database") else ""
    return InventoryRow(line=line, order=order, status=status, reason=f"imported from an inventory{database}")
