"""The steps of onboarding. Each looks first, does only what is missing, and looks again: so all of them can be repeated."""

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from config_mgmt.operations.tenants import activate_tenant, place_tenant, set_features, take_on_tenant
from config_mgmt.queries.tenants import features_of
from config_mgmt.tenant_orders import differences
from config_mgmt.values import Actor
from payment_engine.errors import Conflict
from payment_engine.onboarding.credentials import Credentials
from payment_engine.onboarding.specification import Specification
from payments.operations.payment_types import create_payment_type
from payments.queries.payment_types import versions_of
from tenants import registry
from tenants.context import POOL_SCHEMA, tenant_scope, use
from tenants.database.statistics import refresh_statistics
from tenants.errors import TenantExists, TenantNotActive
from tenants.isolation.ground import count_rows, owned_tables
from tenants.models import ApiClient, Placement, StaffUser, Tenant
from tenants.operations.clients import create_api_client
from tenants.operations.onboarding import ensure_placement, schema_name_of
from tenants.operations.staff import create_staff_user
from tenants.queries.isolation_gaps import isolation_gaps
from tenants.registry import tenant_by_slug

_PASSWORD_BYTES: Final = 15


class StepFailed(Conflict):
    """A step of onboarding was done, and what it was to make is not there."""

    code, title = "onboarding_step_failed", "Onboarding step failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """What is wanted, who wants it, and where secrets go."""

    wanted: Specification
    actor: Actor
    credentials: Credentials

    @property
    def slug(self) -> str:
        return self.wanted.tenant_id

    @property
    def schema(self) -> str:
        return schema_name_of(self.slug) if self.wanted.wants_schema else POOL_SCHEMA

    def tenant(self) -> Tenant | None:
        with use(None):
            return Tenant.objects.select_related("placement").filter(slug=self.slug).first()

    def placed_tenant(self) -> Tenant | None:
        """The tenant once its rows have their place."""
        tenant = self.tenant()
        return None if tenant is None or tenant.awaits_schema else tenant


class Step(ABC):
    name: str
    purpose: str
    """What is going to happen, for a plan."""

    def __init__(self, onboarding: Onboarding) -> None:
        self._onboarding = onboarding
        self._wanted = onboarding.wanted

    @abstractmethod
    def check(self) -> str | None:
        """What is in place, or None when there is something to do. Changes nothing; raises for what onboarding can't mend."""

    @abstractmethod
    def apply(self) -> None:
        """Do what is missing. Killed at any point, it can be done again."""

    def verify(self) -> str:
        found = self.check()
        if found is None:
            raise StepFailed(f"{self.name}: it was done and yet is not there")
        return found

    def _tenant(self) -> Tenant:
        tenant = self._onboarding.placed_tenant()
        assert tenant is not None, "the steps before have made it"  # noqa: S101
        return tenant


class PlacementStep(Step):
    name, purpose = "placement", "make its PostgreSQL schema with every table, index and policy"

    def check(self) -> str | None:
        schema = self._onboarding.schema
        with use(None):
            return f"schema {schema}" if Placement.objects.filter(schema_name=schema).exists() else None

    def apply(self) -> None:
        with use(None):
            ensure_placement(self._onboarding.schema)


class TenantStep(Step):
    name, purpose = "tenant", "give it a number and a row in the registry, PENDING_ACTIVATION"

    def check(self) -> str | None:
        tenant = self._onboarding.tenant()
        if tenant is None:
            return None
        if tenant.status == Tenant.Status.DECOMMISSIONED:
            raise TenantNotActive(f"{tenant.slug} was decommissioned, and that is for ever: choose another id")
        if different := differences(tenant, self._wanted.as_order(), {}):
            raise TenantExists(f"a tenant {tenant.slug} exists already, with another {', '.join(different)}")
        return None if tenant.awaits_schema else f"{tenant.reference} {tenant.slug}"

    def apply(self) -> None:
        tenant = self._onboarding.tenant()
        if tenant is None:
            take_on_tenant(order=self._wanted.as_order(), actor=self._onboarding.actor, reason=self._wanted.reason)
            return
        self._refuse_rows_in_the_pool()
        place_tenant(slug=tenant.slug, actor=self._onboarding.actor)

    def _refuse_rows_in_the_pool(self) -> None:
        registry.forget()
        counts = count_rows(tenant_by_slug(self._onboarding.slug), owned_tables({POOL_SCHEMA}))
        if found := {table: count for table, count in counts.items() if count}:
            raise Conflict(f"{self._onboarding.slug} has rows in the shared tables already ({', '.join(found)}): they would be left behind")


class FeaturesStep(Step):
    name, purpose = "features", "switch its feature flags"

    def check(self) -> str | None:
        wanted = self._wanted.configuration.features
        tenant = self._onboarding.placed_tenant()
        if tenant is None or not wanted.items() <= features_of(tenant).items():
            return None
        on = sorted(key for key, enabled in wanted.items() if enabled)
        return f"tier {tenant.tier}" + (f", on: {', '.join(on)}" if on else "")

    def apply(self) -> None:
        features = self._wanted.configuration.features
        set_features(tenant=self._tenant(), features=features, actor=self._onboarding.actor, reason=self._wanted.reason)


class PaymentTypesStep(Step):
    name, purpose = "payment types", "put its first payment types in force"

    def check(self) -> str | None:
        tenant = self._onboarding.placed_tenant()
        if tenant is None or self._missing(tenant):
            return None
        return ", ".join(each.code for each in self._wanted.payment_types) or "none asked for"

    def apply(self) -> None:
        tenant = self._tenant()
        missing = self._missing(tenant)
        with tenant_scope(tenant):
            for each in self._wanted.payment_types:
                if each.code in missing:
                    create_payment_type(
                        code=each.code, definition=each.definition(), actor=self._onboarding.actor, reason=self._wanted.reason
                    )

    def _missing(self, tenant: Tenant) -> set[str]:
        with tenant_scope(tenant):
            return {each.code for each in self._wanted.payment_types if not versions_of(each.code).exists()}


class ApiClientStep(Step):
    name, purpose = "API client", "make its first API client"

    def check(self) -> str | None:
        with use(None):
            client = ApiClient.objects.filter(tenant_id=self._onboarding.slug, name=self._wanted.api_client.name).first()
        return None if client is None else f"{client.name}, {client.client_id}"

    def apply(self) -> None:
        asked = self._wanted.api_client
        with use(None), transaction.atomic():
            made = create_api_client(tenant=self._onboarding.slug, name=asked.name, scopes=asked.scopes, person=asked.person)
            self._onboarding.credentials.tell("apiClient", {"clientId": made.client_id, "clientSecret": made.client_secret})


class AdministratorStep(Step):
    name, purpose = "administrator", "make its first person for the portal"

    def check(self) -> str | None:
        with use(None):
            user = StaffUser.objects.filter(username=self._wanted.username).first()
        if user is not None and user.tenant_id != self._onboarding.slug:
            raise Conflict(f"the user name {self._wanted.username} belongs to somebody else: choose another in administrator.username")
        return None if user is None else user.username

    def apply(self) -> None:
        asked, password = self._wanted.administrator, secrets.token_urlsafe(_PASSWORD_BYTES)
        with use(None), transaction.atomic():
            user = create_staff_user(
                username=self._wanted.username,
                password=password,
                tenant=self._tenant(),
                email=asked.email,
                first_name=asked.first_name,
                last_name=asked.last_name,
            )
            self._onboarding.credentials.tell("administrator", {"username": user.username, "password": password})


class StatisticsStep(Step):
    name, purpose = "statistics", "tell PostgreSQL's planner of its tables"

    def check(self) -> str | None:
        if not self._wanted.wants_schema:
            return "of the shared tables, kept by autovacuum"
        with use(None), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(*) FILTER (WHERE reltuples < 0) FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = to_regnamespace(%s)",
                [f'"{self._onboarding.schema}"'],
            )
            tables, unknown = cursor.fetchone()
        return f"of {tables} tables" if tables and not unknown else None

    def apply(self) -> None:
        with use(None):
            refresh_statistics(self._onboarding.schema)


class IsolationStep(Step):
    name, purpose = "isolation", "look for every gap through which another tenant could see its rows"

    def check(self) -> str | None:
        return None

    def apply(self) -> None:
        """Nothing is made: `verify` looks."""

    def verify(self) -> str:
        with use(None):
            gaps = isolation_gaps()
        if gaps:
            raise StepFailed("isolation has gaps: " + "; ".join(map(str, gaps)))
        return "row-level security holds on every table"


class ActivationStep(Step):
    name, purpose = "activation", "let it work: ACTIVE"

    def check(self) -> str | None:
        tenant = self._onboarding.placed_tenant()
        if tenant is None or (tenant.status == Tenant.Status.PENDING_ACTIVATION and self._wanted.status == Tenant.Status.ACTIVE):
            return None
        return str(tenant.status)

    def apply(self) -> None:
        activate_tenant(slug=self._onboarding.slug, actor=self._onboarding.actor, reason="onboarding is complete")


STEPS: Final[tuple[type[Step], ...]] = (
    PlacementStep,
    TenantStep,
    FeaturesStep,
    PaymentTypesStep,
    ApiClientStep,
    AdministratorStep,
    StatisticsStep,
    IsolationStep,
    ActivationStep,
)
