"""Versions of payment types."""

from decimal import Decimal
from typing import Any

import pytest

from config_mgmt.values import Actor
from payment_engine.api.errors import StaleVersion
from payment_engine.errors import ValidationFailed
from payments.admin.payment_type_seen import fingerprint, unchanged_since
from payments.definitions import Definition
from payments.errors import NoSuchPaymentType
from payments.models import PaymentType
from payments.operations.payment_types import create_payment_type, put_payment_type, retire_payment_type
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db
ADA = Actor(name="client-ada", person="ada")


def create(*, code: str = "SEPA", name: str = "SEPA", **terms: Any) -> PaymentType:
    """As it is read back."""
    made, _ = create_payment_type(code=code, definition=Definition(name=name, **terms), actor=ADA)
    made.refresh_from_db()
    return made


def put(*seen: PaymentType, name: str = "SEPA", **terms: Any) -> PaymentType:
    """As a caller who has seen these versions of the code."""
    return put_payment_type(
        code="SEPA", definition=Definition(name=name, **terms), actor=ADA, precondition=unchanged_since(fingerprint(*seen))
    )


def retire() -> PaymentType:
    return retire_payment_type(code="SEPA", actor=ADA)


def test_the_first_version_is_one(in_tenant_a: TenantRecord) -> None:
    made = create(name=" SEPA ", currencies=("EUR", "CHF", "EUR"))
    assert (made.version, made.status, made.name, made.currencies) == (1, "ACTIVE", "SEPA", ["CHF", "EUR"])


def test_a_change_retires_the_version_in_force(in_tenant_a: TenantRecord) -> None:
    first = create()
    second = put(first, processing_fee=Decimal("0.20"))
    first.refresh_from_db()
    assert (first.status, second.version, second.status) == ("RETIRED", 2, "ACTIVE")


def test_equal_terms_change_nothing(in_tenant_a: TenantRecord) -> None:
    first = create(max_amount=Decimal("10.00"))
    assert put(first, max_amount=Decimal(10)).pk == first.pk
    assert PaymentType.objects.count() == 1


@pytest.mark.parametrize("version", [0, 2])
def test_a_version_the_caller_did_not_see_is_not_overwritten(in_tenant_a: TenantRecord, version: int) -> None:
    other = create()
    other.version = version
    for seen in ([], [other]):
        with pytest.raises(StaleVersion):
            put(*seen, name="Other")
    assert PaymentType.objects.get().name == "SEPA"


def test_a_retired_type_comes_back_as_the_next_version(in_tenant_a: TenantRecord) -> None:
    create()
    assert retire().status == "RETIRED"
    retired = retire()
    assert retired.version == 1
    assert put(retired).version == 2


def test_retiring_what_never_was(in_tenant_a: TenantRecord) -> None:
    with pytest.raises(NoSuchPaymentType):
        retire()


def test_tenants_have_their_own_versions(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    create()
    with tenant_scope(tenant_b):
        assert create().version == 1


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"code": "sepa"}, "/code"),
        ({"code": "A" * 41}, "/code"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 141}, "/name"),
        ({"currencies": ("EUX",)}, "/currencies"),
        ({"min_amount": Decimal(2), "max_amount": Decimal(1)}, "/minAmount"),
        ({"min_amount": Decimal(-1)}, "/minAmount"),
        ({"max_amount": Decimal(0)}, "/maxAmount"),
        ({"max_amount": Decimal("NaN")}, "/maxAmount"),
        ({"max_amount": Decimal(10) ** 18}, "/maxAmount"),
        ({"daily_limit": Decimal(0)}, "/dailyLimit"),
        ({"processing_fee": Decimal(-1)}, "/processingFee"),
        ({"processing_fee": Decimal("0.00001")}, "/processingFee"),
        ({"processing_fee": Decimal("0.5"), "currencies": ("JPY",)}, "/processingFee"),
        ({"processing_fee": Decimal("Infinity")}, "/processingFee"),
    ],
)
def test_nonsense_is_refused_at_its_pointer(in_tenant_a: TenantRecord, terms: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        create(**terms)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not PaymentType.objects.exists()
