"""Feature flags are configuration: each change is a version, with all that `change_config` says of those."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from config_mgmt.errors import FlagInvalid
from config_mgmt.flags.checks import NO_UTC_INSTANT, is_utc_instant
from config_mgmt.flags.documents import FeatureDocument
from config_mgmt.flags.reading import document_of, read_flag, stored_flag
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config, lock_configuration, roll_back
from config_mgmt.queries.features import feature, features_in_force
from config_mgmt.values import Actor
from payment_engine.errors import FieldError

_FEATURE = ConfigVersion.Kind.FEATURE


@transaction.atomic
def save_feature(
    *,
    key: str,
    document: FeatureDocument,
    actor: Actor,
    reason: str = "",
    activate_at: datetime | None = None,
    expected_version: int | None = None,
    needs_approval: bool = False,
) -> tuple[ConfigVersion, bool]:
    """The version that holds this flag, and whether it is the first of a flag that was not there before.

    Raises ValidationFailed or FlagInvalid with a pointer per offending member, StaleVersion like `change_config`.
    """
    value = document_of(read_flag(key, document))
    if activate_at is not None and not is_utc_instant(activate_at):
        raise FlagInvalid(NO_UTC_INSTANT, errors=[FieldError(pointer="/activateAt", code=FlagInvalid.code, detail=NO_UTC_INSTANT)])
    lock_configuration()
    is_new = not features_in_force().filter(key=key).exists()
    version = change_config(
        kind=_FEATURE,
        key=key,
        value=value,
        actor=actor,
        reason=reason,
        activate_at=activate_at,
        expected_version=expected_version,
        needs_approval=needs_approval,
    )
    return version, is_new


@transaction.atomic
def kill_feature(*, key: str, actor: Actor, reason: str = "", expected_version: int | None = None) -> ConfigVersion:
    """Off for everybody at once, all else of the flag kept for the day it comes back. Raises FeatureUnknown."""
    lock_configuration()
    killed = replace(stored_flag(key, feature(key).value), killed=True)
    return change_config(kind=_FEATURE, key=key, value=document_of(killed), actor=actor, reason=reason, expected_version=expected_version)


@transaction.atomic
def remove_feature(*, key: str, actor: Actor, reason: str = "", expected_version: int | None = None) -> ConfigVersion:
    """Unknown from now on, so off; its history stays and can be rolled back to. Raises FeatureUnknown."""
    lock_configuration()
    feature(key)
    return change_config(kind=_FEATURE, key=key, value=None, actor=actor, reason=reason, expected_version=expected_version)


def roll_back_feature(*, key: str, version: int, actor: Actor, reason: str = "", expected_version: int | None = None) -> ConfigVersion:
    """The flag as it was in that version, as a new version; a version that was a removal removes it again."""
    return roll_back(kind=_FEATURE, key=key, version=version, actor=actor, reason=reason, expected_version=expected_version)
