"""Feature flags as the API reads and writes them."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from config_mgmt.api.shapes_settings import Reason, VersionInput, VersionStatus, version_number
from config_mgmt.flags.documents import KEY_PATTERN, FeatureDocument, Instant
from config_mgmt.flags.values import Variant
from config_mgmt.models import ConfigVersion
from payment_engine.api.json import Input, Output

FeatureKey = Annotated[str, Meta(pattern=KEY_PATTERN)]
ConfigOutput = Annotated[dict[str, Any], Meta(description="As in FeatureConfig; what is not used is left out")]


class FeatureInput(FeatureDocument, frozen=True, kw_only=True):
    """A feature flag, in place of what it was before. With `activateAt` it takes effect then."""

    reason: Reason = ""
    activate_at: Instant | None = None


class KillInput(Input, frozen=True, kw_only=True):
    """Why the feature goes off for everybody."""

    reason: Reason = ""


class FeatureRollbackInput(Input, frozen=True, kw_only=True):
    """The version to go back to."""

    version: VersionInput
    reason: Reason = ""

    @property
    def number(self) -> int:
        return version_number(self.version)


class VariantOutput(Output, frozen=True, kw_only=True):
    """The form of a feature that a unit has."""

    name: str
    payload: Any


class FeatureOutput(Output, frozen=True, kw_only=True):
    """A feature flag. `active` and `variant` answer the unit and attributes in the query.

    `status` and `activateAt` are there when this version is not in force yet.
    """

    key: FeatureKey
    enabled: bool
    config: ConfigOutput
    version: int
    status: VersionStatus | UnsetType = UNSET
    activate_at: datetime | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    variant: VariantOutput | UnsetType | None = UNSET


class FeatureVersionOutput(Output, frozen=True, kw_only=True):
    """One change of a flag; `enabled` and `config` are null where it was removed."""

    version: int
    status: VersionStatus
    enabled: bool | None
    config: ConfigOutput | None
    reason: str
    changed_by: str
    changed_at: datetime
    activate_at: datetime | None
    activated_at: datetime | None
    decided_by: str | None
    rollback_of: int | None


def feature_output(version: ConfigVersion) -> FeatureOutput:
    waits = version.status != ConfigVersion.Status.ACTIVE
    return FeatureOutput(
        key=version.key,
        enabled=version.value["enabled"],
        config=version.value["config"],
        version=version.version,
        status=version.status if waits else UNSET,  # type: ignore[arg-type]  # the column's own choices
        activate_at=version.activate_at if waits and version.activate_at else UNSET,
    )


def variant_output(variant: Variant | None) -> VariantOutput | None:
    return None if variant is None else VariantOutput(name=variant.name, payload=variant.payload)


def feature_version_output(version: ConfigVersion) -> FeatureVersionOutput:
    value = version.value or {}
    return FeatureVersionOutput(
        version=version.version,
        status=version.status,  # type: ignore[arg-type]  # the column's own choices
        enabled=value.get("enabled"),
        config=value.get("config"),
        reason=version.reason,
        changed_by=version.changed_by,
        changed_at=version.created_at,
        activate_at=version.activate_at,
        activated_at=version.activated_at,
        decided_by=version.decided_by,
        rollback_of=version.rollback_of,
    )
