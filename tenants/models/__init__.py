"""The registry (schema public) and the base of every tenant-owned model."""

from tenants.models.base import TenantModel
from tenants.models.clients import ApiClient, SigningKey
from tenants.models.idempotency import PlatformIdempotencyKey
from tenants.models.placements import Placement
from tenants.models.staff import StaffUser
from tenants.models.tenants import Domain, Tenant
from tenants.models.tiers import TierChange, TierDefault

__all__ = [
    "ApiClient",
    "Domain",
    "Placement",
    "PlatformIdempotencyKey",
    "SigningKey",
    "StaffUser",
    "Tenant",
    "TenantModel",
    "TierChange",
    "TierDefault",
]
