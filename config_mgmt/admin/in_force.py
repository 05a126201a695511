"""What a change that waits would replace: the value that applies now, the tenant's own or the next best, and where it comes from."""

from typing import Final

from django.utils.safestring import SafeString

from config_mgmt.admin.cells import origin_badge
from config_mgmt.admin.pages import Diff
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import old_value_of
from config_mgmt.rate_limits.policies import policies_in_force
from config_mgmt.settings_values import resolve
from payment_engine.api.json import Json

_WAITING: Final = {ConfigVersion.Status.PROPOSED, ConfigVersion.Status.SCHEDULED}


def step_of(version: ConfigVersion) -> Diff:
    """Of a version read with its old value, in the scope of its tenant; of one that was decided, the tenant's own value of then."""
    before, origin = old_value_of(version), ""
    if version.status in _WAITING:
        before, origin = _applies_now(version)
    return Diff.of(before, version.value, origin=origin)


def _applies_now(version: ConfigVersion) -> tuple[Json, SafeString | str]:
    own = old_value_of(version)
    if own is not None:
        return own, origin_badge("TENANT")
    match version.kind:
        case ConfigVersion.Kind.SETTING:
            for found in resolve(version.environment, [version.key]):
                return found.json_value, origin_badge(found.source)
        case ConfigVersion.Kind.RATE_LIMIT:
            policies = policies_in_force()
            policy = policies.named(version.key) or policies.policy_for(version.key)
            return policy.limit.as_value(), origin_badge(policy.origin)
    return None, ""
