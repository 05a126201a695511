"""What is asked when a tenant is taken on or changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from config_mgmt.flags.checks import errors_of
from config_mgmt.flags.documents import FeatureDocument
from payment_engine.api.rest_errors import escape
from payment_engine.errors import FieldError
from tenants.models import Tenant
from tenants.profiles import POINTERS, TenantProfile

MOST_FEATURES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantOrder:
    """A tenant as it is wanted. `isolation` None says nothing: shared for a new one, whatever it is for one that exists."""

    slug: str
    name: str
    tenant_type: str = Tenant.Type.BANK
    tier: str = Tenant.Tier.STANDARD
    isolation: str | None = None
    status: str = Tenant.Status.ACTIVE
    profile: TenantProfile = field(default_factory=TenantProfile)
    features: Mapping[str, bool] = field(default_factory=dict)
    reference: str | None = None
    legacy_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChanges:
    """What to change of a tenant; None leaves it as it is."""

    name: str | None = None
    tenant_type: str | None = None
    tier: str | None = None
    status: str | None = None
    profile: TenantProfile = field(default_factory=TenantProfile)

    def attributes(self) -> dict[str, str]:
        """By attribute of the tenant, but for the status, which has a life cycle."""
        said = {"name": self.name and self.name.strip(), "tenant_type": self.tenant_type, "tier": self.tier}
        return {name: value for name, value in said.items() if value is not None} | self.profile.given()


def feature_errors(features: Mapping[str, bool]) -> Iterator[FieldError]:
    if len(features) > MOST_FEATURES:
        detail = f"a tenant begins with at most {MOST_FEATURES} features"
        yield FieldError(pointer="/configuration/features", code="too_many", detail=detail)
        return
    for key, enabled in features.items():
        for error in errors_of(key, FeatureDocument(enabled=enabled)):
            yield FieldError(pointer=f"/configuration/features/{escape(key[:100])}", code=error.code, detail=error.detail)


def differences(tenant: Tenant, order: TenantOrder, features: Mapping[str, bool]) -> list[str]:
    """The members, as the API names them, in which a tenant that exists is another than the one asked for."""
    pairs: dict[str, tuple[Any, Any]] = {
        "tenantName": (tenant.name, order.name.strip()),
        "tenantType": (tenant.tenant_type, order.tenant_type),
        "subscriptionTier": (tenant.tier, order.tier),
        "isolation": (tenant.isolation, order.isolation or tenant.isolation),
        "reference": (tenant.reference, order.reference or tenant.reference),
        **{POINTERS[name][1:].replace("/", "."): (getattr(tenant, name), value) for name, value in order.profile.given().items()},
        **{f"configuration.features.{key}": (features.get(key), enabled) for key, enabled in order.features.items()},
    }
    return [name for name, (has, asked) in pairs.items() if has != asked]
