"""Tenants as the API reads and writes them."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from config_mgmt.api.shapes_settings import Reason
from config_mgmt.flags.documents import KEY_PATTERN
from config_mgmt.models import TenantChange
from config_mgmt.operations.tenants import AWAITS_SCHEMA, FIRST_STATUSES
from config_mgmt.queries.tenants import features_of
from config_mgmt.tenant_orders import TenantChanges, TenantOrder
from payment_engine.api.json import Input, Output
from tenants.models import Tenant
from tenants.naming import LONGEST_NAME, LONGEST_SLUG, REFERENCE_PATTERN, SLUG_PATTERN
from tenants.operations.onboarding import ISOLATIONS
from tenants.profiles import TenantProfile

# Published here, enforced by the operations for every door alike, with a sentence that says what is allowed.
FirstStatus = Annotated[str, Meta(extra_json_schema={"enum": [str(status) for status in FIRST_STATUSES]})]
Status = Annotated[str, Meta(extra_json_schema={"enum": Tenant.Status.values})]
TenantType = Annotated[str, Meta(extra_json_schema={"enum": Tenant.Type.values})]
Tier = Annotated[str, Meta(extra_json_schema={"enum": Tenant.Tier.values})]
Environment = Annotated[str, Meta(extra_json_schema={"enum": Tenant.Environment.values})]
Isolation = Annotated[str, Meta(extra_json_schema={"enum": list(ISOLATIONS)})]
TenantId = Annotated[str, Meta(extra_json_schema={"pattern": SLUG_PATTERN, "maxLength": LONGEST_SLUG})]
TenantName = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_NAME})]
Reference = Annotated[str, Meta(pattern=REFERENCE_PATTERN)]
Country = Annotated[str, Meta(description="ISO 3166-1, two or three letters")]
TimeZone = Annotated[str, Meta(description="IANA name such as Europe/Berlin")]
Currency = Annotated[str, Meta(description="ISO 4217")]
Features = Annotated[dict[str, bool], Meta(extra_json_schema={"propertyNames": {"pattern": KEY_PATTERN}})]


class ProfileInput(Input, frozen=True, kw_only=True):
    """The company behind the tenant. What is left out stays as it is; an empty text takes it away."""

    environment: Environment | UnsetType = UNSET
    company_name: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    region: str | UnsetType = UNSET

    def as_profile(self) -> TenantProfile:
        return TenantProfile(**{name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET})


class ConfigurationInput(Input, frozen=True, kw_only=True):
    """What the tenant has from its first day: feature flags, on or off."""

    features: Features = {}


class TenantInput(Input, frozen=True, kw_only=True):
    """A tenant to be taken on. Its id names it for ever: `{company-name}[-sbx|-dev|-demo]`."""

    tenant_id: TenantId
    tenant_name: TenantName
    tenant_type: TenantType = Tenant.Type.BANK.value
    subscription_tier: Tier = Tenant.Tier.STANDARD.value
    isolation: Isolation | UnsetType = UNSET
    status: FirstStatus = Tenant.Status.ACTIVE.value
    profile: ProfileInput = ProfileInput()
    configuration: ConfigurationInput = ConfigurationInput()
    reason: Reason = ""

    def as_order(self) -> TenantOrder:
        return TenantOrder(
            slug=self.tenant_id,
            name=self.tenant_name,
            tenant_type=self.tenant_type,
            tier=self.subscription_tier,
            isolation=None if self.isolation is UNSET else self.isolation,
            status=self.status,
            profile=self.profile.as_profile(),
            features=self.configuration.features,
        )


class TenantChangeInput(Input, frozen=True, kw_only=True):
    """What to change of a tenant. Its status goes PENDING_ACTIVATION → ACTIVE ⇄ SUSPENDED → DECOMMISSIONED."""

    tenant_name: TenantName | UnsetType = UNSET
    tenant_type: TenantType | UnsetType = UNSET
    subscription_tier: Tier | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    profile: ProfileInput = ProfileInput()
    reason: Reason = ""

    def as_changes(self) -> TenantChanges:
        return TenantChanges(
            name=None if self.tenant_name is UNSET else self.tenant_name,
            tenant_type=None if self.tenant_type is UNSET else self.tenant_type,
            tier=None if self.subscription_tier is UNSET else self.subscription_tier,
            status=None if self.status is UNSET else self.status,
            profile=self.profile.as_profile(),
        )


class ProfileOutput(Output, frozen=True, kw_only=True):
    """The company behind the tenant; what is not known is null."""

    environment: Environment
    company_name: str | None
    address: str | None
    city: str | None
    state: str | None
    country: str | None
    time_zone: str | None
    currency: str | None
    region: str | None


class ConfigurationOutput(Output, frozen=True, kw_only=True):
    """The tenant's own feature flags; how far each is rolled out stands at /features."""

    features: dict[str, bool]


class TenantOutput(Output, frozen=True, kw_only=True):
    """A tenant. `statusDetail` says what it waits for."""

    tenant_id: str
    reference: Reference
    tenant_name: str
    tenant_type: TenantType
    subscription_tier: Tier
    status: Status
    status_detail: str | UnsetType = UNSET
    isolation: Isolation
    profile: ProfileOutput
    configuration: ConfigurationOutput
    created_at: datetime


class TenantChangeOutput(Output, frozen=True, kw_only=True):
    """One line of a tenant's history."""

    change_id: str
    kind: str
    from_status: Status | None
    to_status: Status
    changes: dict[str, Any]
    reason: str
    changed_by: str
    correlation_id: str | None
    changed_at: datetime


def tenant_output(tenant: Tenant) -> TenantOutput:
    return TenantOutput(
        tenant_id=tenant.slug,
        reference=tenant.reference,
        tenant_name=tenant.name,
        tenant_type=tenant.tenant_type,
        subscription_tier=tenant.tier,
        status=tenant.status,
        status_detail=AWAITS_SCHEMA if tenant.awaits_schema else UNSET,
        isolation=tenant.isolation,
        profile=_profile_output(tenant),
        configuration=ConfigurationOutput(features=features_of(tenant)),
        created_at=tenant.created_at,
    )


def _profile_output(tenant: Tenant) -> ProfileOutput:
    facts: dict[str, Any] = {name: getattr(tenant, name) or None for name in ProfileOutput.__struct_fields__}
    return ProfileOutput(**facts)


def tenant_change_output(change: TenantChange) -> TenantChangeOutput:
    return TenantChangeOutput(
        change_id=change.public_id,
        kind=change.kind,
        from_status=change.from_status,
        to_status=change.to_status,
        changes=change.changes,
        reason=change.reason,
        changed_by=change.changed_by,
        correlation_id=change.correlation_id or None,
        changed_at=change.created_at,
    )
