"""Configuration as one document: out as a backup, in again all or nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from django.db import transaction

from config_mgmt.errors import ImportRefused
from config_mgmt.flags.documents import FeatureDocument
from config_mgmt.flags.reading import document_of, read_flag
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import latest_number, lock_active_version, lock_configuration
from config_mgmt.operations.features import remove_feature, save_feature
from config_mgmt.operations.rate_limits import remove_rate_limit, save_rate_limit
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT
from config_mgmt.rate_limits.endpoints import check_endpoint
from config_mgmt.rate_limits.limits import RateLimit
from config_mgmt.setting_types import stored_value, with_floats
from config_mgmt.settings_catalogue import setting_of
from config_mgmt.values import Actor
from payment_engine.api.json import Json, decode, encode
from payment_engine.errors import EngineError, FieldError, ValidationFailed
from tenants.context import current_tenant_id

Kind = ConfigVersion.Kind
Outcome = Literal["NEW", "CHANGED", "UNCHANGED", "PROPOSED", "INVALID"]
_FAULTS: Final = 500
_POINTERS: Final = {"/configValue": "/value", "/configKey": "/key", "?endpoint": "/key", "/key": "/key", "/environment": "/environment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One key with its value; None stands for no value of the tenant's own."""

    kind: Kind
    key: str
    environment: str = DEFAULT_ENVIRONMENT
    value: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an item does or would do. `version` is the one in force or proposed afterwards, 0 without."""

    item: Item
    outcome: Outcome
    version: int = 0
    errors: tuple[FieldError, ...] = ()


def export_configuration() -> Iterator[Item]:
    """Every value of the tenant's own that is in force."""
    rows = ConfigVersion.objects.filter(tenant_id=current_tenant_id(), status=ConfigVersion.Status.ACTIVE, value__isnull=False)
    for row in rows.order_by("kind", "key", "environment"):
        yield Item(kind=Kind(row.kind), key=row.key, environment=row.environment, value=row.value)


@transaction.atomic
def import_configuration(*, items: Iterable[Item], actor: Actor, authority: Authority, reason: str = "") -> list[Verdict]:
    """Put every item in force, or none: ImportRefused names each that can't be. What is equal already changes nothing, so a
    second import does nothing. Keys the document leaves out stay as they are; settings under four eyes become proposals."""
    verdicts = _carry_out(items, actor, authority, reason)
    errors = [error for verdict in verdicts for error in verdict.errors]
    if errors:
        raise ImportRefused("nothing was imported: not every item is right", errors=errors)
    return verdicts


def try_import(*, items: Iterable[Item], actor: Actor, authority: Authority) -> list[Verdict]:
    """What an import would do with each item: it is carried out and taken back, so nothing is stored and nobody is told."""
    with transaction.atomic():
        verdicts = _carry_out(items, actor, authority, "")
        transaction.set_rollback(True)
    return verdicts


def checked_value(kind: str, key: str, value: Json) -> Json:
    """The value as a version stores it; raises ValidationFailed."""
    match kind:
        case Kind.SETTING:
            return stored_value(setting_of(key), value)
        case Kind.FEATURE:
            return document_of(read_flag(key, _feature(value)))
        case _:
            check_endpoint(key)
            return RateLimit.of_value(value).as_value()


def pointed(index: int, item: Item, error: EngineError, *, member: str = "items") -> Iterator[FieldError]:
    """What is wrong with an item, said of the document it stands in."""
    for found in error.errors or (FieldError(pointer="", code=error.code, detail=error.detail),):
        nested = item.kind != Kind.SETTING and found.pointer not in _POINTERS
        pointer = f"/value{found.pointer}" if nested else _renamed(found.pointer)
        yield FieldError(pointer=f"/{member}/{index}{pointer}", code=found.code, detail=found.detail)


def _renamed(pointer: str) -> str:
    for ours, theirs in _POINTERS.items():
        if pointer == ours or pointer.startswith(f"{ours}/"):
            return theirs + pointer.removeprefix(ours)
    return pointer


def _carry_out(items: Iterable[Item], actor: Actor, authority: Authority, reason: str) -> list[Verdict]:
    lock_configuration()
    seen: set[tuple[str, str, str]] = set()
    verdicts = []
    for index, item in enumerate(items):
        name = (item.kind, item.key, item.environment)
        verdicts.append(_repeated(index, item) if name in seen else _judge(index, item, actor, authority, reason))
        seen.add(name)
    return verdicts


def _repeated(index: int, item: Item) -> Verdict:
    error = FieldError(pointer=f"/items/{index}/key", code="repeated", detail="each key has one value in each environment")
    return Verdict(item=item, outcome="INVALID", errors=(error,))


def _judge(index: int, item: Item, actor: Actor, authority: Authority, reason: str) -> Verdict:
    try:
        with transaction.atomic():
            return _put_in_force(item, actor, authority, reason)
    except EngineError as error:
        if error.status >= _FAULTS:
            raise
        return Verdict(item=item, outcome="INVALID", errors=tuple(pointed(index, item, error)))


def _put_in_force(item: Item, actor: Actor, authority: Authority, reason: str) -> Verdict:
    before = lock_active_version(item.kind, item.key, item.environment)
    known = latest_number(item.kind, item.key, item.environment)
    version = _save(item, before, actor, authority, reason)
    if version is None or version.version <= known:
        return Verdict(item=item, outcome="UNCHANGED", version=version.version if version else 0)
    if version.status == ConfigVersion.Status.PROPOSED:
        return Verdict(item=item, outcome="PROPOSED", version=version.version)
    is_new = before is None or before.value is None
    return Verdict(item=item, outcome="NEW" if is_new else "CHANGED", version=version.version)


def _save(item: Item, before: ConfigVersion | None, actor: Actor, authority: Authority, reason: str) -> ConfigVersion | None:
    """By the operation of its kind; None when there is no value and none was wanted."""
    if item.kind == Kind.SETTING:
        return change_setting(
            key=item.key, value=item.value, actor=actor, authority=authority, environment=item.environment, reason=reason
        ).version
    if item.environment != DEFAULT_ENVIRONMENT:
        detail = f"flags and rate limits are kept for {DEFAULT_ENVIRONMENT} only"
        raise ValidationFailed(detail, errors=[FieldError(pointer="/environment", code="validation_failed", detail=detail)])
    if item.value is None and (before is None or before.value is None):
        return before
    if item.kind == Kind.FEATURE:
        return _save_feature(item, actor, reason)
    return _save_rate_limit(item, actor, reason)


def _save_feature(item: Item, actor: Actor, reason: str) -> ConfigVersion:
    if item.value is None:
        return remove_feature(key=item.key, actor=actor, reason=reason)
    return save_feature(key=item.key, document=_feature(item.value), actor=actor, reason=reason)[0]


def _save_rate_limit(item: Item, actor: Actor, reason: str) -> ConfigVersion:
    if item.value is None:
        return remove_rate_limit(endpoint=item.key, actor=actor, reason=reason)
    return save_rate_limit(endpoint=item.key, value=item.value, actor=actor, reason=reason)[0]


def _feature(value: Json) -> FeatureDocument:
    return decode(encode(with_floats(value)), FeatureDocument)
