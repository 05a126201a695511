"""What a tenant is to be, from a YAML file: the members of POST /config/tenants, and what the tenant begins to work with."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from config_mgmt.api.tenant_shapes import TenantInput
from config_mgmt.tenant_orders import TenantOrder
from payment_engine.api.json import Input, decode
from payment_engine.onboarding.plain_yaml import read_yaml
from payments.definitions import Definition
from tenants.models import Tenant
from tenants.scopes import TENANT_SCOPES


class PaymentTypeSpecification(Input, frozen=True, kw_only=True):
    """A payment type of the first day; everything else of it can be said later, through the API."""

    code: str
    name: str
    description: str = ""
    is_synchronous: bool = True
    currencies: tuple[str, ...] = ()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    daily_limit: Decimal | None = None
    processing_fee: Decimal = Decimal(0)

    def definition(self) -> Definition:
        said = {name: getattr(self, name) for name in self.__struct_fields__ if name != "code"}
        return Definition(**said | {"currencies": tuple(sorted(set(self.currencies)))})


class ApiClientSpecification(Input, frozen=True, kw_only=True):
    """The first client of the tenant's API, with every scope a tenant can have unless told otherwise."""

    name: str = "integration"
    scopes: tuple[str, ...] = tuple(sorted(TENANT_SCOPES))
    person: str = ""


class AdministratorSpecification(Input, frozen=True, kw_only=True):
    """The first person of the tenant who signs in to the portal; `{tenantId}-admin` unless told otherwise."""

    username: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""


INTERNAL_TRANSFER: Final = PaymentTypeSpecification(
    code="INTERNAL_TRANSFER", name="Internal transfer", description="Between accounts of this bank, free of charge"
)


class Specification(TenantInput, frozen=True, kw_only=True):
    """The whole file. A number (TIDLT-…) is given only to a tenant that brings one along."""

    reference: str | None = None
    payment_types: tuple[PaymentTypeSpecification, ...] = (INTERNAL_TRANSFER,)
    api_client: ApiClientSpecification = ApiClientSpecification()
    administrator: AdministratorSpecification = AdministratorSpecification()

    @property
    def wants_schema(self) -> bool:
        return self.isolation == "schema"

    @property
    def username(self) -> str:
        return self.administrator.username or f"{self.tenant_id}-admin"

    def as_asked(self) -> TenantOrder:
        """The tenant as it is to be in the end."""
        return replace(TenantInput.as_order(self), reference=self.reference)

    def as_order(self) -> TenantOrder:
        """Pending until the last step, and without its features, which are a step of their own."""
        return replace(self.as_asked(), status=Tenant.Status.PENDING_ACTIVATION, features={})


def read_specification(path: Path) -> Specification:
    """Raises Malformed for what is no YAML, and what `decode` raises for a file that says something else."""
    return specification_of(read_yaml(path))


def specification_of(document: dict[str, Any]) -> Specification:
    return decode(msgspec.json.encode(document), Specification)
