"""Settings are configuration: what is declared is checked, then each change is a version."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from config_mgmt.errors import ActivationTimeInvalid, NotAuthorised, SettingInvalid
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config, database_now, latest_number, lock_active_version, value_in_force
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT
from config_mgmt.setting_types import Setting, read_value, stored_value
from config_mgmt.settings_catalogue import setting_of
from config_mgmt.settings_values import approval_rule
from config_mgmt.values import Actor
from payment_engine.api.json import Json
from payment_engine.errors import FieldError

Precondition = Callable[[ConfigVersion | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """`version` holds the value asked for: new, or in force already. None: the tenant has no value, as was asked for."""

    version: ConfigVersion | None
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What the caller may change, and whether they want another person to look at it in any case."""

    is_platform: bool
    asks_approval: bool = False


def _no_condition(_active: ConfigVersion | None) -> None:
    return None


@transaction.atomic
def change_setting(
    *,
    key: str,
    value: Json,
    actor: Actor,
    authority: Authority,
    environment: str = DEFAULT_ENVIRONMENT,
    reason: str = "",
    activate_at: datetime | None = None,
    precondition: Precondition = _no_condition,
    rollback_of: int | None = None,
) -> SettingChange:
    """Set it, or with None take the tenant's own value away, so that profile, tier or default count again.

    Values that mean the same are the same: 100 and "100.00" make one version. `precondition` is asked under the lock.
    Raises SettingUnknown, SettingInvalid, ActivationTimeInvalid, and NotAuthorised for what only the platform may change.
    """
    setting = setting_of(key)
    check_authority(setting, authority)
    wanted = None if value is None else stored_value(setting, value)
    active = lock_active_version(ConfigVersion.Kind.SETTING, key, environment)
    precondition(active)
    if activate_at is not None:
        _check_future(activate_at)
    elif active is None and wanted is None:
        return SettingChange(version=None, is_new=False)
    known = latest_number(ConfigVersion.Kind.SETTING, key, environment)
    version = change_config(
        kind=ConfigVersion.Kind.SETTING,
        key=key,
        value=active.value if active is not None and means_the_same(setting, active.value, wanted) else wanted,
        actor=actor,
        environment=environment,
        reason=reason,
        activate_at=activate_at,
        needs_approval=authority.asks_approval or approval_rule()(setting),
        rollback_of=rollback_of,
    )
    return SettingChange(version=version, is_new=version.version > known)


@transaction.atomic
def roll_back_setting(
    *,
    key: str,
    version: int,
    actor: Actor,
    authority: Authority,
    environment: str = DEFAULT_ENVIRONMENT,
    reason: str = "",
    precondition: Precondition = _no_condition,
) -> SettingChange:
    """The value it had in that version, as a new version. Raises VersionUnknown, NeverInForce, and as `change_setting` does."""
    check_authority(setting_of(key), authority)
    return change_setting(
        key=key,
        value=value_in_force(kind=ConfigVersion.Kind.SETTING, key=key, version=version, environment=environment),
        actor=actor,
        authority=authority,
        environment=environment,
        reason=reason,
        precondition=precondition,
        rollback_of=version,
    )


def check_authority(setting: Setting, authority: Authority) -> None:
    if setting.changed_by == "platform" and not authority.is_platform:
        raise NotAuthorised(f"{setting.key} is changed by the platform only", key=setting.key)


def means_the_same(setting: Setting, stored: Json, wanted: Json) -> bool:
    """Whether two stored values of a setting read the same; what can't be read any more means nothing."""
    if stored is None or wanted is None or setting.type == "json":
        return False
    try:
        return bool(read_value(setting, stored) == read_value(setting, wanted))
    except SettingInvalid:
        return False


def _check_future(activate_at: datetime) -> None:
    try:
        future = activate_at.astimezone(UTC) > database_now()
    except OverflowError:
        future = False
    if not future:
        detail = "a change is scheduled for a time that is yet to come, in the years to 9999 in UTC"
        raise ActivationTimeInvalid(detail, errors=[FieldError(pointer="/activateAt", code=ActivationTimeInvalid.code, detail=detail)])
