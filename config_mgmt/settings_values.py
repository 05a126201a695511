"""The settings in force, resolved: the tenant's own value, else what its profile says, else its tier's, else the default."""

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.conf import settings

from config_mgmt.errors import SettingInvalid, SettingUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import active_versions
from config_mgmt.setting_types import Setting, json_of, read_value
from config_mgmt.settings_catalogue import SETTINGS, setting_of
from config_mgmt.snapshots import SnapshotCache
from tenants.context import current_tenant_id
from tenants.models import Tenant, TierDefault

Source = Literal["TENANT", "PROFILE", "TIER", "DEFAULT"]
FOUR_EYES_KEYS: Final = "config.four_eyes_keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The value of a setting in its type and as JSON, and where it comes from. `version` is that of the tenant's own history, 0 without."""

    setting: Setting
    value: Any
    json_value: Any
    source: Source
    version: ConfigVersion | None = None


def setting(key: str) -> Any:  # noqa: ANN401  # each setting has a type of its own
    """The value in force here and now of the tenant in context, in its type; None if it has none. Reads memory alone."""
    (value,) = setting_values(key)
    return value


def setting_values(*keys: str) -> tuple[Any, ...]:
    """As `setting`, of several at one moment."""
    values = _snapshots.current()
    return tuple(values[key] if key in values else setting_of(key).default() for key in keys)


def approval_rule() -> Callable[[Setting], bool]:
    """Whether a change of a setting waits for another person: by its declaration, or by the tenant's own rule.

    The rule is that of this moment, read from the database: a rule that is a second old lets through what it must not.
    """
    [rule] = resolve(settings.CONFIG_ENVIRONMENT, [FOUR_EYES_KEYS])
    patterns: tuple[str, ...] = rule.value
    return lambda declared: declared.four_eyes or any(fnmatch.fnmatchcase(declared.key, pattern) for pattern in patterns)


def resolve(environment: str, keys: Collection[str] | None = None) -> list[Resolved]:
    """Every declared setting and the tenant's own, by key, as the database has them now; or those named."""
    own = {version.key: version for version in active_versions(ConfigVersion.Kind.SETTING, environment, keys)}
    tiers, facts = _of_tier(), _facts()
    wanted = sorted({*(declared.key for declared in SETTINGS), *own, *tiers} if keys is None else set(keys))
    found = (_resolve(key, own.get(key), tiers, facts) for key in wanted)
    return [each for each in found if each is not None and not (each.setting.type == "json" and each.source == "DEFAULT")]


def _load(_revision: int) -> Mapping[str, Any]:
    """What is not the default. Defaults are asked at each read: the deployment may set them."""
    return {found.setting.key: found.value for found in resolve(settings.CONFIG_ENVIRONMENT) if found.source != "DEFAULT"}


def _resolve(key: str, own: ConfigVersion | None, tiers: Mapping[str, Any], facts: Mapping[str, str]) -> Resolved | None:
    try:
        declared = setting_of(key)
    except SettingUnknown:  # of a release that declared it; its history stays, its value has no reader any more
        return None
    for source, value in _candidates(declared, own, tiers, facts):
        try:
            read = read_value(declared, value)
        except SettingInvalid:  # of a release with other bounds: the next best counts
            continue
        return Resolved(setting=declared, value=read, json_value=value, source=source, version=own)
    default = declared.default()
    return Resolved(setting=declared, value=default, json_value=json_of(default), source="DEFAULT", version=own)


def _candidates(
    declared: Setting, own: ConfigVersion | None, tiers: Mapping[str, Any], facts: Mapping[str, str]
) -> Iterable[tuple[Source, Any]]:
    if own is not None and own.value is not None:
        yield "TENANT", own.value
    if facts.get(declared.fallback):
        yield "PROFILE", facts[declared.fallback]
    if declared.key in tiers:
        yield "TIER", tiers[declared.key]


def _of_tier() -> Mapping[str, Any]:
    tier = Tenant.objects.filter(slug=current_tenant_id()).values("tier")
    return dict(TierDefault.objects.filter(tier__in=tier, kind=ConfigVersion.Kind.SETTING).values_list("key", "value"))


def _facts() -> Mapping[str, str]:
    """What the profile of the tenant says, by the name settings fall back to it with."""
    time_zone, currency = Tenant.objects.values_list("time_zone", "currency").get(slug=current_tenant_id())
    return {"time_zone": time_zone, "currency": currency}


_snapshots: Final = SnapshotCache(_load)
