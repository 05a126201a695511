"""The life cycle stands twice, in Python and in PostgreSQL: both say the same."""

import re
from pathlib import Path

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
