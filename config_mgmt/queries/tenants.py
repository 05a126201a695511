"""What tenants have been given."""

from config_mgmt.queries.features import features_in_force
from payment_engine.api.json import Json
from tenants.context import tenant_scope
from tenants.models import Tenant


def features_of(tenant: Tenant) -> dict[str, bool]:
    """Its feature flags, by key: on or off for those whom they are meant for. Of one that waits for its schema: what was asked."""
    if tenant.requested is not None:
        return dict(sorted(tenant.requested["features"].items()))
    with tenant_scope(tenant):
        versions = features_in_force().order_by("key").values_list("key", "value")
        return {key: _is_on(value) for key, value in versions}


def _is_on(value: Json) -> bool:
    return bool(value["enabled"]) and not value.get("config", {}).get("killSwitch", False)
