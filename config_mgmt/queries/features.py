"""Feature flags of the tenant in context, as configuration versions. A flag that was removed is in force without a value."""

from django.db.models import QuerySet

from config_mgmt.errors import FeatureUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT
from tenants.context import current_tenant_id


def features_in_force() -> QuerySet[ConfigVersion]:
    """In no order; to be cut into pages by (created_at, id)."""
    return ConfigVersion.objects.filter(
        tenant_id=current_tenant_id(),
        kind=ConfigVersion.Kind.FEATURE,
        environment=DEFAULT_ENVIRONMENT,
        status=ConfigVersion.Status.ACTIVE,
        value__isnull=False,
    )


def feature(key: str) -> ConfigVersion:
    """The version in force; raises FeatureUnknown."""
    found = features_in_force().filter(key=key).first()
    if found is None:
        raise FeatureUnknown("this tenant has no such feature flag")
    return found
