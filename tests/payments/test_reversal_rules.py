"""What PostgreSQL itself refuses of reversals, whoever writes: each rule broken with the application's login."""

from typing import Any

import pytest

from accounts.models import Account
from payment_engine.ids import new_id
from payments.models import Payment, Reversal
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from payments.values import PaymentRecord
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.accounts.plain_sql import insert_journal, insert_postings
from tests.accounts.test_database_rules import refused_by
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]


@pytest.fixture
def ada() -> Account:
    return make_account(funds_minor=1_000)


@pytest.fixture
def bob() -> Account:
    return make_account()


@pytest.fixture
def made(ada: Account, bob: Account) -> PaymentRecord:
    """5.00 EUR."""
    make_payment_type()
    [outcome] = submit_payments([payment(ada, bob, 500)])
    assert outcome.payment is not None
    return outcome.payment


def insert(made: PaymentRecord, **facts: Any) -> None:
    Reversal.objects.create(
        **{"payment_id": made.id, "amount_minor": 100, "currency": "EUR", "reason": "", "journal_id": new_id(), **facts}
    )


def test_a_reversal_has_the_journal_that_gave_its_amount_back(ada: Account, bob: Account, made: PaymentRecord) -> None:
    given_back = reverse_payment(payment_id=made.id, amount_minor=100, reason="too much").journal_id
    for journal_id in (new_id(), made.journal_id, insert_journal()):
        with refused_by("reversal_is_posted"):
            insert(made, journal_id=journal_id)
    by_hand = insert_journal(kind="REVERSAL", payment_id=made.id)
    insert_postings(by_hand, (ada.id, 100, "EUR", 4, 700), (bob.id, -100, "EUR", 3, 300))
    with refused_by("reversal_is_posted"):
        insert(made, journal_id=by_hand, amount_minor=200)
    with refused_by("reversal_journal_unique_per_tenant"):
        insert(made, journal_id=given_back)


def test_what_is_reversed_moves_with_reversals_alone(made: PaymentRecord) -> None:
    for amount in (1, made.amount_minor):
        with refused_by("payment_reversed_by_reversals"):
            Payment.objects.filter(id=made.id).update(reversed_minor=amount)


def test_reversals_move_what_is_reversed_up_to_all_of_it(ada: Account, made: PaymentRecord, tenant_b: TenantRecord) -> None:
    seen = []
    for amount in (200, None):
        reversal = reverse_payment(payment_id=made.id, amount_minor=amount, reason="too much")
        seen.append((reversal.amount_minor, reversal.payment.reversed_minor, reversal.payment.status))
    assert seen == [(200, 200, "COMPLETED"), (300, 500, "REVERSED")]
    ada.refresh_from_db()
    assert ada.booked_minor == 1_000
    assert [verdict for verdict in verify_tenant() if verdict.violation_count] == []
    with tenant_scope(tenant_b):
        assert Reversal.objects.count() == 0
