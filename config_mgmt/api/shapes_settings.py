"""Settings, their changes, and whole configurations, as the API reads and writes them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, field

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.settings import SettingChange
from config_mgmt.operations.transfer import Item, Verdict
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT, old_value_of
from config_mgmt.setting_types import SettingType, sentence_of
from config_mgmt.settings_catalogue import KEY_PATTERN
from config_mgmt.settings_values import Resolved, Source
from payment_engine.api.errors import field_failed
from payment_engine.api.json import Input, Output, whole_number
from tenants.context import current_tenant_id

ItemKind = Literal["SETTING", "FEATURE", "RATE_LIMIT"]
VersionStatus = Literal["PROPOSED", "SCHEDULED", "ACTIVE", "SUPERSEDED", "REJECTED"]
ITEMS_MAX: Final = 5_000
# Published here and enforced where the key is looked up, so that an unknown one is told what it may have meant.
ConfigKey = Annotated[str, Meta(extra_json_schema={"pattern": KEY_PATTERN, "maxLength": 200})]
ItemKey = Annotated[str, Meta(min_length=1, max_length=200)]
Environment = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9-]{0,19}$", description="Which deployment the value is for; the engine here reads one of them.")
]
Reason = Annotated[str, Meta(max_length=500)]
VERSION_MAX: Final = 2_147_483_647
VersionNumber = Annotated[int, Meta(ge=1, le=VERSION_MAX)]
VersionInput = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": VERSION_MAX})]
Instant = Annotated[datetime, Meta(tz=True)]
ChangeId = Annotated[str, Meta(pattern="^cfg_[0-9a-f]{32}$")]
ConfigValue = Annotated[Any, Meta(description="Any JSON; what a key may hold is said by its setting's `allowed`")]


class SettingInput(Input, frozen=True, kw_only=True):
    """A value for a key; null takes the tenant's own value away. It takes effect at once, or at `activateAt`, or when another
    person has approved it: where the key asks for that, or the caller does."""

    config_key: ConfigKey
    config_value: ConfigValue
    environment: Environment = DEFAULT_ENVIRONMENT
    reason: Reason = ""
    activate_at: Instant | None = None
    require_approval: bool = False


class RollbackInput(Input, frozen=True, kw_only=True):
    """A version whose value is to be in force again."""

    config_key: ConfigKey
    version: VersionInput
    environment: Environment = DEFAULT_ENVIRONMENT
    reason: Reason = ""
    require_approval: bool = False

    @property
    def number(self) -> int:
        return version_number(self.version)


class DecisionInput(Input, frozen=True, kw_only=True):
    """Why a change is approved or rejected."""

    reason: Reason = ""


class ItemInput(Input, frozen=True, kw_only=True):
    """The value of one key; null stands for none of the tenant's own."""

    kind: ItemKind
    key: ItemKey
    value: ConfigValue
    environment: Environment = DEFAULT_ENVIRONMENT

    def as_item(self) -> Item:
        return Item(kind=ConfigVersion.Kind(self.kind), key=self.key, environment=self.environment, value=self.value)


class ConfigurationInput(Input, frozen=True, kw_only=True):
    """A configuration as it was exported. `tenantId`, if given, is that of the tenant it goes to: leave it out to copy from another."""

    items: Annotated[list[ItemInput], Meta(max_length=ITEMS_MAX)]
    tenant_id: str | None = None
    reason: Reason = ""


class SettingOutput(Output, frozen=True, kw_only=True):
    """A setting as it applies, and where its value comes from. `version` is that of the tenant's own value, 0 if it never had one."""

    config_key: str
    config_value: ConfigValue
    environment: str
    source: Source
    version: int
    type: SettingType
    description: str
    allowed: str
    changeable_by: Literal["TENANT", "PLATFORM"]
    needs_approval: bool
    changed_by: str | None
    changed_at: datetime | None
    reason: str | None


class SettingChangeOutput(Output, frozen=True, kw_only=True):
    """What became of the value that was sent. Without a change id there was nothing to change."""

    tenant_id: str
    change_id: ChangeId | None
    config_key: str
    config_value: ConfigValue
    environment: str
    version: int
    status: VersionStatus
    reason: str
    changed_by: str | None
    changed_at: datetime | None
    activate_at: datetime | None
    rollback_of: int | None


class ConfigChangeOutput(Output, frozen=True, kw_only=True):
    """A version: what it changed, who asked, why, who decided, and what became of it."""

    change_id: ChangeId
    kind: ItemKind
    config_key: str
    environment: str
    version: int
    status: VersionStatus
    old_value: ConfigValue
    new_value: ConfigValue
    changed_by: str
    changed_by_person: str
    changed_at: datetime
    reason: str
    rollback_of: int | None
    correlation_id: str
    activate_at: datetime | None
    activated_at: datetime | None
    superseded_at: datetime | None
    approved_by: str | None
    rejected_by: str | None
    decided_at: datetime | None


class VersionValue(Output, frozen=True, kw_only=True):
    version: int
    value: ConfigValue
    status: VersionStatus
    changed_by: str
    changed_at: datetime
    reason: str


class DifferenceOutput(Output, frozen=True, kw_only=True):
    """One place where two values differ, by its JSON pointer (RFC 6901)."""

    op: Literal["add", "remove", "replace"]
    path: str
    before: ConfigValue
    after: ConfigValue


class DiffOutput(Output, frozen=True, kw_only=True):
    """What lies between two versions of a key."""

    config_key: str
    environment: str
    from_version: VersionValue = field(name="from")
    to_version: VersionValue = field(name="to")
    differences: list[DifferenceOutput]


class ItemOutput(Output, frozen=True, kw_only=True):
    kind: ItemKind
    key: str
    environment: str
    value: ConfigValue


class ConfigurationOutput(Output, frozen=True, kw_only=True):
    """Everything that is the tenant's own: settings, feature flags and rate limits. It can be sent back to `config/import`."""

    tenant_id: str
    items: list[ItemOutput]


class ItemErrorOutput(Output, frozen=True, kw_only=True):
    pointer: str
    code: str
    detail: str


class VerdictOutput(Output, frozen=True, kw_only=True):
    """What an item does, or would do."""

    index: int
    kind: ItemKind
    key: str
    environment: str
    outcome: Literal["NEW", "CHANGED", "UNCHANGED", "PROPOSED", "INVALID"]
    version: int
    errors: list[ItemErrorOutput]


class VerdictsOutput(Output, frozen=True, kw_only=True):
    """`valid` says that no item is INVALID: an import is all or nothing."""

    valid: bool
    items: list[VerdictOutput]


def setting_output(resolved: Resolved, environment: str, *, needs_approval: bool) -> SettingOutput:
    setting, version = resolved.setting, resolved.version
    return SettingOutput(
        config_key=setting.key,
        config_value=resolved.json_value,
        environment=environment,
        source=resolved.source,
        version=version.version if version else 0,
        type=setting.type,
        description=setting.description,
        allowed=sentence_of(setting),
        changeable_by="PLATFORM" if setting.changed_by == "platform" else "TENANT",
        needs_approval=needs_approval,
        changed_by=version.changed_by if version else None,
        changed_at=version.activated_at if version else None,
        reason=version.reason if version else None,
    )


def setting_change_output(change: SettingChange, *, key: str, environment: str) -> SettingChangeOutput:
    version = change.version
    return SettingChangeOutput(
        tenant_id=current_tenant_id(),
        change_id=version.public_id if version else None,
        config_key=key,
        config_value=version.value if version else None,
        environment=environment,
        version=version.version if version else 0,
        status=version.status if version else "ACTIVE",  # type: ignore[arg-type]  # the column's own choices
        reason=version.reason if version else "",
        changed_by=version.changed_by if version else None,
        changed_at=version.created_at if version else None,
        activate_at=version.activate_at if version else None,
        rollback_of=version.rollback_of if version else None,
    )


def change_output(version: ConfigVersion) -> ConfigChangeOutput:
    """Of a row of history or of what waits."""
    rejected = version.status == ConfigVersion.Status.REJECTED
    return ConfigChangeOutput(
        change_id=version.public_id,
        kind=version.kind,  # type: ignore[arg-type]  # the column's own choices
        config_key=version.key,
        environment=version.environment,
        version=version.version,
        status=version.status,  # type: ignore[arg-type]  # the column's own choices
        old_value=old_value_of(version),
        new_value=version.value,
        changed_by=version.changed_by,
        changed_by_person=version.changed_by_person,
        changed_at=version.created_at,
        reason=version.reason,
        rollback_of=version.rollback_of,
        correlation_id=version.correlation_id,
        activate_at=version.activate_at,
        activated_at=version.activated_at,
        superseded_at=version.superseded_at,
        approved_by=None if rejected else version.decided_by,
        rejected_by=version.decided_by if rejected else None,
        decided_at=version.decided_at,
    )


def version_value(version: ConfigVersion) -> VersionValue:
    return VersionValue(
        version=version.version,
        value=version.value,
        status=version.status,  # type: ignore[arg-type]  # the column's own choices
        changed_by=version.changed_by,
        changed_at=version.created_at,
        reason=version.reason,
    )


def item_output(item: Item) -> ItemOutput:
    return ItemOutput(
        kind=item.kind.value,  # type: ignore[arg-type]  # the enumeration's own values
        key=item.key,
        environment=item.environment,
        value=item.value,
    )


def verdicts_output(verdicts: list[Verdict]) -> VerdictsOutput:
    items = [_verdict_output(index, verdict) for index, verdict in enumerate(verdicts)]
    return VerdictsOutput(valid=all(verdict.outcome != "INVALID" for verdict in verdicts), items=items)


def _verdict_output(index: int, verdict: Verdict) -> VerdictOutput:
    return VerdictOutput(
        index=index,
        kind=verdict.item.kind.value,  # type: ignore[arg-type]  # the enumeration's own values
        key=verdict.item.key,
        environment=verdict.item.environment,
        outcome=verdict.outcome,
        version=verdict.version,
        errors=[ItemErrorOutput(pointer=error.pointer, code=error.code, detail=error.detail) for error in verdict.errors],
    )


def version_number(version: object) -> int:
    """JSON has one kind of numbers: 3.0 is the version 3."""
    number = whole_number(version)
    if number is None or not 1 <= number <= VERSION_MAX:
        raise field_failed("/version", "a version is a whole number from 1 on")
    return number


def content_of(output: Output) -> bytes:
    """What an entity tag of an answer is made from."""
    return msgspec.json.encode(output, order="sorted")
