"""Going back to an earlier version, whatever kind of configuration it is."""

from django.http import HttpRequest

from config_mgmt.admin.forms import SeenForm
from config_mgmt.admin.request import actor_of, authority_of
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import check_expected_version
from config_mgmt.operations.features import roll_back_feature
from config_mgmt.operations.rate_limits import roll_back_rate_limit
from config_mgmt.operations.settings import Precondition, roll_back_setting


def roll_back_to(request: HttpRequest, version: ConfigVersion, form: SeenForm) -> ConfigVersion:
    """The version in force, or waiting, that holds the earlier value. Raises what the operations of its kind raise."""
    expected: int = form.cleaned_data["expected_version"]
    reason: str = form.cleaned_data["reason"]
    number, actor = version.version, actor_of(request)
    match version.kind:
        case ConfigVersion.Kind.FEATURE:
            return roll_back_feature(key=version.key, version=number, actor=actor, reason=reason, expected_version=expected)
        case ConfigVersion.Kind.RATE_LIMIT:
            return roll_back_rate_limit(endpoint=version.key, version=number, actor=actor, reason=reason, expected_version=expected)
    change = roll_back_setting(
        key=version.key,
        version=number,
        actor=actor,
        authority=authority_of(request),
        environment=version.environment,
        reason=reason,
        precondition=unless_changed_since(expected),
    )
    return change.version or version  # without a version there was nothing to take away


def unless_changed_since(expected: int) -> Precondition:
    """A precondition: the version the page had seen in force still is."""

    def check(active: ConfigVersion | None) -> None:
        check_expected_version(active, expected)

    return check
