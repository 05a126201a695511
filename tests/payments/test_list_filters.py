"""GET /transactions finds payments by what people know of them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from payment_engine.ids import new_id, public_id
from payment_engine.money import exponent, format_amount
from payments.models import Payment
from payments.operations.submit import submit_payments
from payments.queries.payments import amount_is
from payments.values import SubmitPayment
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type, payment
from tests.payments.test_api import problem

pytestmark = [pytest.mark.django_db]
HERE, THERE = "DE89370400440532013000", "FR1420041010050500013M02606"


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Account:
    make_payment_type()
    make_payment_type("CREDIT_TRANSFER", is_synchronous=False, rail="simulator")
    return make_account(funds_minor=10_000_00, iban="DE91200000000000000001")


@pytest.fixture
def bob(in_tenant_a: TenantRecord) -> Account:
    return make_account(funds_minor=10_000_00, iban=HERE)


def made(*asked: SubmitPayment) -> list[str]:
    """Public ids of the payments asked for."""
    ids = []
    for outcome in submit_payments(asked):
        assert outcome.payment is not None, outcome
        ids.append(public_id("pay", outcome.payment.id))
    return ids


def found(api: Api, query: str) -> list[str]:
    response = api.get(f"/transactions?{query}")
    assert response.status_code == 200, response.content
    return sorted(row["transactionId"] for row in response.json()["data"])


def test_by_party(api: Api, ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
    there, back = made(payment(ada, bob), payment(bob, ada))
    (away,) = made(payment(ada, THERE, payment_type="CREDIT_TRANSFER"))
    assert found(api, f"debtorAccount={ada.public_id}") == found(api, f"debtorAccount={ada.iban}") == [there, away]
    assert found(api, f"creditorAccount={bob.public_id}") == found(api, f"creditorAccount={HERE}") == [there]
    assert found(api, f"creditorAccount={THERE}") == [away]
    assert found(api, f"debtorAccount={THERE}") == []
    assert found(api, f"debtorAccount={bob.iban}&creditorAccount={ada.iban}") == [back]
    assert found(Api(tenant_b), f"creditorAccount={HERE}") == found(Api(tenant_b), f"creditorAccount={bob.public_id}") == []


def test_by_amount_in_each_currency(api: Api, ada: Account, bob: Account) -> None:
    dai, eri = make_account("JPY", funds_minor=10_000), make_account("JPY")
    euros, cents, yens = made(payment(ada, bob, 11_00), payment(ada, bob, 10_50), payment(dai, eri, 11, currency="JPY"))
    assert found(api, "amount=11") == found(api, "amount[gte]=10.51&amount[lte]=11.00") == [euros, yens]
    assert found(api, "amount=10.50") == [cents]
    assert found(api, "amount[gte]=10.50") == [euros, cents, yens]
    assert found(api, "currency=JPY") == found(api, "currency=JPY&amount[gte]=10.9999&amount[lte]=11.9999") == [yens]
    assert found(api, "amount[gte]=999999999999999999") == []
    assert len(found(api, "amount[lte]=999999999999999999.9999")) == 3
    for unreadable in ("-1", "1e2", "NaN", "1.00000", "", "1234567890123456789"):
        assert problem(api.get(f"/transactions?amount[gte]={unreadable}")) == (400, "parameter_invalid", ["?amount[gte]"])


def test_by_uetr_message_and_value_date(api: Api, ada: Account, bob: Account, tenant_b: TenantRecord) -> None:
    message_id = new_id()
    of_file, other = made(payment(ada, bob, message_id=message_id), payment(ada, bob))
    row = api.get(f"/transactions/{of_file}").json()
    uetr, message = row["uetr"], public_id("msg", message_id)
    assert found(api, f"uetr={uetr}") == found(api, f"uetr={uetr}%0A") == found(api, f"messageId={message}") == [of_file]
    assert found(api, f"valueDate[gte]={row['valueDate']}&valueDate[lte]={row['valueDate']}") == [of_file, other]
    assert found(api, "valueDate[lte]=1999-12-31") == []
    assert found(Api(tenant_b), f"uetr={uetr}") == found(Api(tenant_b), f"messageId={message}") == []
    assert problem(api.get(f"/transactions?uetr={uetr.upper()}"))[1:] == ("parameter_invalid", ["?uetr"])
    assert problem(api.get("/transactions?messageId=7"))[1:] == ("parameter_invalid", ["?messageId"])
    assert problem(api.get("/transactions?valueDate=yesterday"))[1:] == ("parameter_invalid", ["?valueDate"])


def refused(amount_minor: int, currency: str) -> Payment:
    """A payment as the table has it; nothing was booked for it."""
    return Payment.objects.create(
        payment_type="INTERNAL_TRANSFER",
        payment_type_version=1,
        status="REJECTED",
        debtor_account_id=new_id(),
        amount_minor=amount_minor,
        currency=currency,
        uetr=new_id(),
        value_date=date(2026, 11, 30),
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    asked=st.integers(0, 5) | st.decimals(0, 10**13, places=4),
    steps=st.integers(-2, 2),
    currency=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]),
)
def test_amount_compares_as_decimals_do(in_tenant_a: TenantRecord, asked: Decimal | int, steps: int, currency: str) -> None:
    asked = Decimal(asked)
    near = max(1, int(asked.scaleb(exponent(currency))) + steps)
    amount, payment_id = Decimal(format_amount(near, currency)), refused(near, currency).id
    found = {lookup: Payment.objects.filter(amount_is(lookup, asked), id=payment_id).exists() for lookup in ("exact", "gte", "lte")}
    assert found == {"exact": amount == asked, "gte": amount >= asked, "lte": amount <= asked}
