"""Versions of payment types."""

from decimal import Decimal

import pytest

from payment_engine.errors import Conflict, ValidationFailed
from payments.errors import NoSuchPaymentType
from payments.models import PaymentType
from payments.operations.payment_types import retire_payment_type, save_payment_type
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db


def test_the_first_version_is_one(in_tenant_a: TenantRecord) -> None:
    saved = save_payment_type(code="SEPA", name=" SEPA ", currencies=["EUR", "CHF", "EUR"], expected_version=0)
    assert (saved.version, saved.status, saved.name, saved.currencies) == (1, "ACTIVE", "SEPA", ["CHF", "EUR"])


def test_a_change_retires_the_version_in_force(in_tenant_a: TenantRecord) -> None:
    first = save_payment_type(code="SEPA", name="SEPA")
    second = save_payment_type(code="SEPA", name="SEPA", processing_fee=Decimal("0.20"), expected_version=1)
    first.refresh_from_db()
    assert (first.status, second.version, second.status) == ("RETIRED", 2, "ACTIVE")


def test_equal_terms_change_nothing(in_tenant_a: TenantRecord) -> None:
    first = save_payment_type(code="SEPA", name="SEPA", max_amount=Decimal("10.00"))
    assert save_payment_type(code="SEPA", name="SEPA", max_amount=Decimal(10)).pk == first.pk
    assert PaymentType.objects.count() == 1


@pytest.mark.parametrize("expected", [0, 2])
def test_a_version_the_caller_did_not_see_is_not_overwritten(in_tenant_a: TenantRecord, expected: int) -> None:
    save_payment_type(code="SEPA", name="SEPA")
    with pytest.raises(Conflict):
        save_payment_type(code="SEPA", name="Other", expected_version=expected)
    assert PaymentType.objects.get().name == "SEPA"


def test_a_retired_type_comes_back_as_the_next_version(in_tenant_a: TenantRecord) -> None:
    save_payment_type(code="SEPA", name="SEPA")
    assert retire_payment_type(code="SEPA").status == "RETIRED"
    assert retire_payment_type(code="SEPA").version == 1
    assert save_payment_type(code="SEPA", name="SEPA", expected_version=0).version == 2


def test_retiring_what_never_was(in_tenant_a: TenantRecord) -> None:
    with pytest.raises(NoSuchPaymentType):
        retire_payment_type(code="SEPA")


def test_tenants_have_their_own_versions(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    save_payment_type(code="SEPA", name="SEPA")
    with tenant_scope(tenant_b):
        assert save_payment_type(code="SEPA", name="SEPA", expected_version=0).version == 1


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"code": "sepa"}, "/code"),
        ({"code": "A" * 41}, "/code"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 141}, "/name"),
        ({"currencies": ["EUX"]}, "/currencies"),
        ({"min_amount": Decimal(2), "max_amount": Decimal(1)}, "/minAmount"),
        ({"min_amount": Decimal(-1)}, "/minAmount"),
        ({"max_amount": Decimal(0)}, "/maxAmount"),
        ({"max_amount": Decimal("NaN")}, "/maxAmount"),
        ({"max_amount": Decimal(10) ** 18}, "/maxAmount"),
        ({"daily_limit": Decimal(0)}, "/dailyLimit"),
        ({"processing_fee": Decimal(-1)}, "/processingFee"),
        ({"processing_fee": Decimal("0.00001")}, "/processingFee"),
        ({"processing_fee": Decimal("0.5"), "currencies": ["JPY"]}, "/processingFee"),
        ({"processing_fee": Decimal("Infinity")}, "/processingFee"),
    ],
)
def test_nonsense_is_refused_at_its_pointer(in_tenant_a: TenantRecord, terms: dict[str, object], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        save_payment_type(**{"code": "SEPA", "name": "SEPA", **terms})  # type: ignore[arg-type]
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not PaymentType.objects.exists()
