"""The life cycle stands twice, in Python and in PostgreSQL: both say the same."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from payments.models import Payment
from payments.operations.submit import submit_payments
from payments.states import ISO_STATUS, NEXT, PaymentStatus
from tests.factories import make_account, make_payment_type, payment


def test_trigger_and_python_allow_the_same_changes() -> None:
    sql = (Path(__file__).parents[2] / "payments/migrations/sql/payment_rules.sql").read_text()
    in_sql = {name: set(allowed.split(",")) for name, allowed in re.findall(r"WHEN '(\w+)' THEN '\{(.*?)\}'", sql)}
    assert in_sql == {status.value: {s.value for s in after} for status, after in NEXT.items() if after}


def test_every_state_has_an_iso_status() -> None:
    assert set(ISO_STATUS) == set(NEXT) == set(PaymentStatus)


@pytest.mark.django_db
@pytest.mark.usefixtures("in_tenant_a")
@pytest.mark.parametrize(
    "change",
    [{"status": "RECEIVED"}, {"status": "FAILED"}, {"amount_minor": 1}, {"currency": "USD"}, {"journal_id": None}, {"status": "REVERSED"}],
)
def test_completed_payment_does_not_change_otherwise(change: dict[str, object]) -> None:
    make_payment_type()
    submit_payments([payment(make_account(funds_minor=100), make_account(), 100)])
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(**change)


COURSE_OF_A_PAYMENT = {"status", "reason_code", "reason", "reversed_minor", "journal_id", "completed_at", "rail", "next_attempt_at"}
OTHER_VALUES: dict[str, object] = {
    "TextField": "something else",
    "CharField": "X",
    "UUIDField": UUID(int=1),
    "BigIntegerField": 777_777,
    "PositiveIntegerField": 777_777,
    "DateField": date(1999, 12, 31),
    "DateTimeField": datetime(1999, 12, 31, tzinfo=UTC),
    "JSONField": {"forged": "yes"},
}


@pytest.mark.django_db
@pytest.mark.usefixtures("in_tenant_a")
@pytest.mark.parametrize("name", [field.name for field in Payment._meta.fields if field.name not in COURSE_OF_A_PAYMENT | {"tenant_id"}])
@pytest.mark.parametrize("status", ["PENDING_APPROVAL", "COMPLETED"])
def test_what_was_asked_never_changes(name: str, status: str) -> None:
    make_payment_type(approval_threshold=Decimal("0.50") if status == "PENDING_APPROVAL" else None)
    submit_payments([payment(make_account(funds_minor=100), make_account(), 100)])
    assert Payment.objects.get().status == status
    other = OTHER_VALUES[Payment._meta.get_field(name).get_internal_type()]
    with pytest.raises(IntegrityError, match="what was asked of payment"), transaction.atomic():
        Payment.objects.update(**{name: other})


@pytest.mark.django_db
@pytest.mark.usefixtures("in_tenant_a")
def test_no_approval_brings_an_earlier_value_date() -> None:
    make_payment_type(approval_threshold=Decimal("0.50"))
    submit_payments([payment(make_account(funds_minor=100), make_account(), 100)])
    with pytest.raises(IntegrityError, match="what was asked of payment"), transaction.atomic():
        Payment.objects.update(status="RESERVED", value_date=date(1999, 12, 31))


@pytest.mark.django_db
@pytest.mark.usefixtures("in_tenant_a")
def test_a_payment_is_completed_once() -> None:
    make_payment_type()
    submit_payments([payment(make_account(funds_minor=100), make_account(), 100)])
    with pytest.raises(IntegrityError, match="what was asked of payment"), transaction.atomic():
        Payment.objects.update(completed_at=datetime(1999, 12, 31, tzinfo=UTC))
