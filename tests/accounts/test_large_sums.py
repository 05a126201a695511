"""Sums of amounts that are each allowed: they are refused, or told, and stop nobody else's work."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.errors import AccountFull
from accounts.ledger.drafts import BALANCE_MAX_MINOR
from accounts.models import Account, BalanceDelta
from accounts.operations.fold import fold_balances
from accounts.operations.journals import post_manual_journal, post_opening_balance
from accounts.queries.accounts import account_with_balances, booked_now_minor
from accounts.queries.balances import balance_at
from accounts.queries.statements import statement
from iso20022.queries.statements import camt053_of
from payment_engine.errors import ValidationFailed
from payment_engine.ids import new_id
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from payments.queries.todays_payments import sums_of_todays_payments
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment
from tests.portal.conftest import signed_in
from tests.portal.pages import list_of, page_of, send, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
TODAY = datetime.now(UTC).date()


def test_no_journal_overfills_an_account(tenant_a: TenantRecord) -> None:
    make_payment_type()
    full, other = make_account(funds_minor=BALANCE_MAX_MINOR), make_account(funds_minor=100)
    with pytest.raises(AccountFull):
        post_opening_balance(account_id=full.id, amount_minor=1, currency="EUR")
    with pytest.raises(AccountFull):
        post_manual_journal(
            debit_account_id=other.id, credit_account_id=full.id, amount_minor=1, currency="EUR", description="one", created_by="ada"
        )
    [refused] = submit_payments([payment(other, full, 1)])
    assert refused.refusal is not None
    assert refused.refusal.code == "limit_exceeded"
    [made] = submit_payments([payment(full, other, 50)])
    post_opening_balance(account_id=full.id, amount_minor=50, currency="EUR")
    assert made.payment is not None
    with pytest.raises(AccountFull):
        reverse_payment(payment_id=made.payment.id, amount_minor=None, reason="too late")
    answer = send(signed_in(tenant_a), page_of("accounts_account", full.pk, "opening_balance"), amount="1")
    assert "hold that much" in words(answer.content.decode())
    full.refresh_from_db()
    assert full.booked_minor == BALANCE_MAX_MINOR
    assert b"9999999999999999.99" in camt053_of(full.id, TODAY, version="camt.053.001.08")


def test_a_balance_no_bigint_holds_stops_no_other_fold(tenant_a: TenantRecord) -> None:
    for _ in range(10):
        make_account("ISK", funds_minor=BALANCE_MAX_MINOR)
    make_account("EUR", funds_minor=700)
    assert fold_balances() == 1
    assert fold_balances() == 0
    assert Account.objects.get(role="EQUITY", currency="EUR").booked_minor == -700
    krona = Account.objects.get(role="EQUITY", currency="ISK")
    assert (krona.booked_minor, BalanceDelta.objects.filter(account_id=krona.id).count()) == (0, 10)
    assert booked_now_minor(account_with_balances(krona.id)) == -10 * BALANCE_MAX_MINOR
    assert balance_at(krona.id, datetime.now(UTC)).booked_minor == statement(krona.id, TODAY).closing_minor == -10 * BALANCE_MAX_MINOR
    assert balance_at(krona.id, datetime(2020, 1, 1, tzinfo=UTC)).booked_minor == 0
    operator = signed_in(tenant_a)
    for page in (list_of("accounts_account"), page_of("accounts_account", krona.pk)):
        shown = words(operator.get(page).content.decode())
        assert "9,999,999,999,999,999,990 ISK" in shown, shown[shown.index("EQUITY-ISK") :][:300]


def test_a_statement_that_camt_053_can_not_say_is_refused() -> None:
    for _ in range(2):
        make_account("EUR", funds_minor=BALANCE_MAX_MINOR)
    equity = Account.objects.get(role="EQUITY")
    assert statement(equity.id, TODAY).closing_minor == -2 * BALANCE_MAX_MINOR
    with pytest.raises(ValidationFailed, match="18 digits"):
        camt053_of(equity.id, TODAY, version="camt.053.001.08")


def test_the_dashboard_sums_up_whatever_was_asked_for(tenant_a: TenantRecord) -> None:
    make_payment_type()
    ada, bob = make_account(), make_account()
    submit_payments([payment(ada, bob, BALANCE_MAX_MINOR, message_id=new_id()) for _ in range(12)])
    assert [(each.status, each.amount_minor) for each in sums_of_todays_payments()] == [("REJECTED", 12 * BALANCE_MAX_MINOR)]
    client: Client = signed_in(tenant_a)
    assert "119,999,999,999,999,999.88 EUR" in words(client.get("/admin/").content.decode())
