"""Defaults of tiers and their history, as the API reads and writes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from config_mgmt.api.shapes_settings import ITEMS_MAX, ConfigValue, ItemKey, ItemKind, Reason, VersionInput, version_number
from config_mgmt.queries.tiers import TierDefaults
from payment_engine.api.json import Input, Output
from tenants.models import TierChange, TierDefault


class TierDefaultInput(Input, frozen=True, kw_only=True):
    """The value of one key for tenants that have none of their own."""

    kind: ItemKind
    key: ItemKey
    value: ConfigValue


class TierDefaultsInput(Input, frozen=True, kw_only=True):
    """All defaults of the tier: those left out are taken away."""

    defaults: Annotated[list[TierDefaultInput], Meta(max_length=ITEMS_MAX)]
    reason: Reason = ""


class TierRollbackInput(Input, frozen=True, kw_only=True):
    """A version whose defaults are to be in force again."""

    version: VersionInput
    reason: Reason = ""

    @property
    def number(self) -> int:
        return version_number(self.version)


class TierDefaultOutput(Output, frozen=True, kw_only=True):
    kind: ItemKind
    key: str
    value: ConfigValue
    changed_by: str
    changed_at: datetime


class TierDefaultsOutput(Output, frozen=True, kw_only=True):
    """What every tenant of the tier has unless it has its own. `version` is that of the newest change, 0 if there was none."""

    tier: str
    version: int
    defaults: list[TierDefaultOutput]


class DefaultChangeOutput(Output, frozen=True, kw_only=True):
    """What became of one default; null stands for none."""

    change: Literal["ADDED", "CHANGED", "REMOVED"]
    kind: ItemKind
    key: str
    old_value: ConfigValue
    new_value: ConfigValue


class TierChangeOutput(Output, frozen=True, kw_only=True):
    """One version of a tier's defaults: what it changed, who asked for it, when and why."""

    change_id: str
    tier: str
    version: int
    changes: list[DefaultChangeOutput]
    changed_by: str
    changed_by_person: str
    changed_at: datetime
    reason: str
    rollback_of: int | None
    correlation_id: str | None


def tier_defaults_output(now: TierDefaults) -> TierDefaultsOutput:
    return TierDefaultsOutput(tier=now.tier, version=now.version, defaults=[_tier_default_output(row) for row in now.rows])


def _tier_default_output(row: TierDefault) -> TierDefaultOutput:
    return TierDefaultOutput(
        kind=row.kind,  # type: ignore[arg-type]  # the column's own constraint
        key=row.key,
        value=row.value,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def tier_change_output(change: TierChange) -> TierChangeOutput:
    return TierChangeOutput(
        change_id=change.public_id,
        tier=change.tier,
        version=change.version,
        changes=[_default_change_output(each) for each in change.changes],
        changed_by=change.changed_by,
        changed_by_person=change.changed_by_person,
        changed_at=change.created_at,
        reason=change.reason,
        rollback_of=change.rollback_of,
        correlation_id=change.correlation_id or None,
    )


def _default_change_output(each: dict[str, Any]) -> DefaultChangeOutput:
    return DefaultChangeOutput(change=each["change"], kind=each["kind"], key=each["key"], old_value=each["before"], new_value=each["after"])
