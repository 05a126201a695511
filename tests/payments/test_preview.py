"""A preview says what the posting core would do, and does none of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from payment_engine.clock import now
from payment_engine.errors import EngineError
from payments.models import PaymentType
from payments.operations.submit import submit_payments
from payments.queries.limit_usage import limits_of_account
from payments.queries.preview import preview_payment
from payments.rules import Allowed
from payments.velocity import Used, Window
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = pytest.mark.django_db
IBAN = "DE89370400440532013000"


def _preview(version: PaymentType, debtor: str, creditor: str, amount_minor: int) -> Allowed | EngineError:
    return preview_payment(version=version, amount_minor=amount_minor, currency="EUR", debtor=debtor, creditor=creditor, at=now()).outcome


@pytest.mark.parametrize("amount_minor", [99, 1_00, 30_00, 30_01, 45_00])
def test_the_same_payment_is_decided_alike(in_tenant_a: TenantRecord, amount_minor: int) -> None:
    version = make_payment_type("T", min_amount=Decimal(1), daily_limit=Decimal(50), processing_fee=Decimal("0.5"))
    debtor, creditor = make_account(funds_minor=60_00), make_account(iban=IBAN)
    submit_payments([payment(debtor, creditor, 20_00, payment_type="T")])
    said = _preview(version, debtor.number, "DE89 3704 0044 0532 0130 00", amount_minor)
    (done,) = submit_payments([payment(debtor, creditor, amount_minor, payment_type="T")])
    if isinstance(said, Allowed):
        assert done.payment is not None
        assert done.payment.fee_minor == said.fee_minor == 50
    else:
        assert done.refusal is not None
        assert (done.refusal.code, done.refusal.detail) == (said.code, said.detail)


def test_accounts_of_the_neighbour_do_not_exist(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    version, own = make_payment_type("T", processing_fee=Decimal(0)), make_account(funds_minor=1_00)
    with tenant_scope(tenant_b):
        foreign = make_account(iban=IBAN)
    for name in (IBAN, foreign.number + "9", str(foreign.pk)):
        said = _preview(version, own.number, name, 1_00)
        assert isinstance(said, EngineError)
        assert (said.code, said.errors[0].pointer) == ("not_found", "/creditorAccount")


def test_limits_of_an_account_name_their_window_and_what_is_used(in_tenant_a: TenantRecord) -> None:
    make_payment_type("B", velocity_limits=[{"window": "MONTH", "maxCount": 9}, {"window": "HOUR", "maxAmount": "10"}])
    make_payment_type("A", daily_limit=Decimal(5))
    make_payment_type("RETIRED_TYPE", daily_limit=Decimal(5), status="RETIRED")
    debtor, creditor = make_account(funds_minor=60_00), make_account()
    submit_payments([payment(debtor, creditor, 4_00, payment_type="B")])
    found = [(use.counted_as, use.window, use.used, use.max_count, use.max_minor) for use in limits_of_account(debtor, now())]
    assert found == [
        ("A", Window.DAY, Used(), None, 5_00),
        ("B", Window.HOUR, Used(4_00, 1), None, 10_00),
        ("B", Window.MONTH, Used(4_00, 1), 9, None),
    ]
    assert all(use.used == Used() for use in limits_of_account(creditor, now()))


@pytest.mark.parametrize(
    ("window", "end"), [(Window.MINUTE, "2026-12-31T23:59"), (Window.HOUR, "2027-01-01T00:00"), (Window.DAY, "2027-01-01T00:00")]
)
def test_a_window_ends_where_the_next_begins(window: Window, end: str) -> None:
    moment = datetime(2026, 12, 31, 23, 58, 30, tzinfo=UTC)
    assert window.end(moment) == datetime.fromisoformat(f"{end}+00:00")
    assert window.start(window.end(moment)) == window.end(moment)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_month_ends_on_the_first_of_the_next(month: int) -> None:
    moment = datetime(2028, month, 28, 12, tzinfo=UTC)
    assert Window.MONTH.end(moment) == datetime(2028 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
