"""Which tenants have balances to fold."""

from accounts.models import BalanceDelta
from tenants.context import platform_scope


def tenants_with_deltas(schema: str) -> set[str]:
    """Slugs of the tenants of a schema that have balance deltas, read across tenants with the platform login."""
    with platform_scope(schema):
        return set(BalanceDelta.objects.order_by().values_list("tenant_id", flat=True).distinct())
