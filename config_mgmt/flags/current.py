"""The flags of the tenant in context, from the snapshot: no I/O while nothing changes, a change is seen within two seconds."""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from config_mgmt.flags import evaluate
from config_mgmt.flags.reading import stored_flag
from config_mgmt.flags.values import Flag, Variant
from config_mgmt.queries.features import features_in_force
from config_mgmt.snapshots import SnapshotCache
from payment_engine.errors import ValidationFailed

_log = logging.getLogger(__name__)


def is_active(key: str, /, *, unit: str | None = None, **attributes: str | None) -> bool:
    """Whether the unit (a customer, an account, …: whatever the feature rolls out by) has the feature. Unknown flags are off."""
    found = _snapshots.current().get(key)
    return found is not None and evaluate.is_active(found, unit=unit, attributes=attributes)


def variant(key: str, /, *, unit: str | None = None, **attributes: str | None) -> Variant | None:
    """The form of the feature the unit has: None where it is off or has only one form."""
    found = _snapshots.current().get(key)
    return None if found is None else evaluate.chosen_variant(found, unit=unit, attributes=attributes)


def flag(key: str, /) -> Flag | None:
    """The whole flag, to evaluate it for many units."""
    return _snapshots.current().get(key)


def _load(_revision: int) -> Mapping[str, Flag]:
    read = ((version.key, _readable(version.key, version.value)) for version in features_in_force())
    return {key: found for key, found in read if found is not None}


def _readable(key: str, value: object) -> Flag | None:
    """A value that was stored past the checks must not take the other flags with it: it is off, and the log says so."""
    try:
        return stored_flag(key, value)
    except (ValidationFailed, msgspec.ValidationError):
        _log.exception("a stored feature flag can't be read and is off", extra={"flag": key})
        return None


_snapshots: Final = SnapshotCache(_load)
