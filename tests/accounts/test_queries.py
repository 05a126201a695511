"""Balances of the past, pages and statements."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from accounts.errors import AccountUnknown
from accounts.models import Account, Hold, Posting
from accounts.operations.fold import fold_balances
from accounts.operations.shared_accounts import ensure_shared_account
from accounts.queries.balances import Balance, balance_at
from accounts.queries.postings import postings_page
from accounts.queries.statements import statement
from accounts.queries.unfolded import tenants_with_deltas
from payment_engine.ids import new_id
from payments.operations.reverse import reverse_payment
from payments.operations.submit import submit_payments
from tenants.context import platform_scope, tenant_scope
from tenants.errors import TenantRequired
from tenants.registry import TenantRecord
from tests.accounts.plain_sql import post_at
from tests.factories import make_account, make_customer, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, day) for day in (2, 3, 4))


def at(day: date, hour: int = 12, microsecond: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, microsecond=microsecond, tzinfo=UTC)


@pytest.fixture
def account() -> Account:
    """1.00 on Monday noon, 2.00 at Tuesday's first moment, 4.00 at its last, 8.00 on Wednesday noon."""
    account = make_account()
    moments = at(MONDAY), at(TUESDAY, 0), at(TUESDAY, 23) + timedelta(minutes=59, seconds=59, microseconds=999_999), at(WEDNESDAY)
    for number, moment in enumerate(moments):
        post_at(account, 100 << number, moment)
    return account


@pytest.fixture
def equity(account: Account) -> Account:
    """The other side of the account, which is append-only."""
    return Account.objects.get(id=ensure_shared_account(role="EQUITY", currency="EUR"))


BALANCES = [
    (at(MONDAY, 11), 0),
    (at(MONDAY), 100),
    (at(TUESDAY, 0) - timedelta(microseconds=1), 100),
    (at(TUESDAY, 0), 300),
    (at(WEDNESDAY, 0), 700),
    (at(WEDNESDAY), 1500),
]


class TestBalanceAt:
    @pytest.mark.parametrize(("moment", "booked"), BALANCES)
    def test_the_postings_up_to_the_moment_count(self, account: Account, moment: datetime, booked: int) -> None:
        assert balance_at(account.id, moment) == Balance(currency="EUR", booked_minor=booked)

    @pytest.mark.parametrize(("moment", "booked"), BALANCES)
    def test_of_an_append_only_account_before_and_after_a_fold(self, equity: Account, moment: datetime, booked: int) -> None:
        assert balance_at(equity.id, moment).booked_minor == -booked
        assert balance_at(equity.id).booked_minor == -1500
        assert fold_balances() == 4
        assert balance_at(equity.id, moment).booked_minor == -booked
        assert balance_at(equity.id).booked_minor == -1500

    def test_now_tells_what_is_held_and_available(self) -> None:
        account = make_account(funds_minor=500, overdraft_limit_minor=200)
        Hold.objects.create(account_id=account.id, payment_id=new_id(), amount_minor=50, currency="EUR")
        assert balance_at(account.id) == Balance(currency="EUR", booked_minor=500, held_minor=50, available_minor=650)

    @pytest.mark.parametrize("moment", [None, at(MONDAY)])
    def test_an_account_of_another_tenant_is_unknown(self, account: Account, tenant_b: TenantRecord, moment: datetime | None) -> None:
        with tenant_scope(tenant_b), pytest.raises(AccountUnknown):
            balance_at(account.id, moment)


class TestPages:
    def test_every_posting_once_newest_first(self, account: Account) -> None:
        seen, after = [], None
        while page := postings_page(account.id, limit=3, after=after):
            seen += [posting.amount_minor for posting in page]
            after = page[-1].created_at, page[-1].id
        assert seen == [800, 400, 200, 100]

    def test_bounds_are_included_and_hold_on_later_pages(self, account: Account) -> None:
        since, until = at(MONDAY), at(TUESDAY, 23) + timedelta(minutes=59, seconds=59, microseconds=999_999)
        [first] = postings_page(account.id, limit=1, since=since, until=until)
        rest = postings_page(account.id, limit=9, after=(first.created_at, first.id), since=since, until=until)
        assert [posting.amount_minor for posting in (first, *rest)] == [400, 200, 100]
        newest = postings_page(account.id, limit=1)[0]
        assert len(postings_page(account.id, limit=9, after=(newest.created_at, newest.id), until=at(MONDAY))) == 1

    @pytest.mark.parametrize(
        ("within", "order", "index"),
        [
            ("account_version > 3 AND account_version <= 90", "account_version DESC", "posting_version_unique_per_account"),
            ("account_version IS NULL AND (created_at, id) < (now(), %s)", "created_at DESC, id DESC", "idx_postings_append_only"),
        ],
    )
    def test_a_page_can_be_read_from_an_index_in_its_order(self, account: Account, within: str, order: str, index: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute(
                f"EXPLAIN SELECT * FROM postings WHERE account_id = %s AND {within} ORDER BY {order} LIMIT 9",
                [account.id, new_id()][: 1 + within.count("%s")],
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Index Scan" in plan
        assert f"using {index}" in plan
        assert "Sort" not in plan

    def test_pages_of_an_append_only_account(self, equity: Account) -> None:
        first, second = postings_page(equity.id, limit=2)
        rest = postings_page(equity.id, limit=9, after=(second.created_at, second.id), since=at(TUESDAY, 0))
        assert [posting.amount_minor for posting in (first, second, *rest)] == [-800, -400, -200]


@pytest.mark.parametrize("postings", [1, 2, 3, 4, 7, 8, 9, 33])
def test_a_moment_is_found_among_any_number_of_postings(postings: int) -> None:
    account = make_account()
    moments = [at(MONDAY) + timedelta(minutes=number) for number in range(postings)]
    for moment in moments:
        post_at(account, 1, moment)
    found = [balance_at(account.id, moment).booked_minor for moment in (at(MONDAY, 11), *moments, at(WEDNESDAY))]
    assert found == [0, *range(1, postings + 1), postings]


class TestStatements:
    def test_days_follow_one_another_without_a_gap(self, account: Account, equity: Account) -> None:
        for each, sign in ((account, 1), (equity, -1)):
            days = [
                statement(each.id, day) for day in (MONDAY - timedelta(days=1), MONDAY, TUESDAY, WEDNESDAY, WEDNESDAY + timedelta(days=1))
            ]
            assert [(s.opening_minor, s.closing_minor) for s in days] == [
                (0, 0),
                (0, sign * 100),
                (sign * 100, sign * 700),
                (sign * 700, sign * 1500),
                (sign * 1500, sign * 1500),
            ]
            assert [[e.amount_minor * sign for e in s.entries] for s in days] == [[], [100], [200, 400], [800], []]
            assert [e.balance_after_minor * sign for e in days[2].entries] == [300, 700]

    def test_entries_tell_the_payment_and_the_other_party(self) -> None:
        make_payment_type("DEMO_TRANSFER", processing_fee="1.00")
        ada, bob = make_account(funds_minor=10_000, iban="DE89370400440532013000"), make_account()
        [outcome] = submit_payments([payment(ada, bob, 2_500, payment_type="DEMO_TRANSFER", reference="R-1")])
        assert outcome.payment is not None
        reverse_payment(payment_id=outcome.payment.id, amount_minor=500, reason="Too much")
        debtor, creditor = (statement(account.id, datetime.now(UTC).date()) for account in (ada, bob))
        assert [(e.kind, e.amount_minor, e.is_charge) for e in debtor.entries] == [
            ("OPENING", 10_000, False),
            ("PAYMENT", -2_500, False),
            ("PAYMENT", -100, True),
            ("REVERSAL", 500, False),
        ]
        assert [(e.kind, e.amount_minor, e.counterparty_iban) for e in creditor.entries] == [
            ("PAYMENT", 2_500, "DE89370400440532013000"),
            ("REVERSAL", -500, "DE89370400440532013000"),
        ]
        assert {e.payment_id for e in (*debtor.entries[1:], *creditor.entries)} == {outcome.payment.id}
        assert debtor.entries[1].counterparty_number == bob.number
        assert ({e.reference for e in debtor.entries[1:]}, {e.reference for e in creditor.entries}) == ({"R-1"}, {None})
        assert debtor.entries[3].description == "Too much"
        assert (debtor.owner_name, debtor.iban, debtor.currency) == ("Ada Lovelace", "DE89370400440532013000", "EUR")

    def test_who_paid_a_fee_is_told_on_the_account_that_earns_it(self) -> None:
        make_payment_type("BY_DEBTOR", processing_fee="1.00")
        make_payment_type("BY_CREDITOR", fee_schedule={"type": "FLAT", "payer": "CREDITOR", "amount": "2.00"})
        ada, bob = make_account(funds_minor=10_000), make_account()
        submit_payments([payment(ada, bob, 2_500, payment_type=code) for code in ("BY_DEBTOR", "BY_CREDITOR")])
        entries = statement(Account.objects.get(role="FEE").id, datetime.now(UTC).date()).entries
        assert [(e.amount_minor, e.counterparty_number, e.is_charge) for e in entries] == [(100, ada.number, True), (200, bob.number, True)]
        assert [e.counterparty_number for e in statement(bob.id, datetime.now(UTC).date()).entries] == [ada.number, ada.number, None]

    def test_of_another_tenant_there_is_none(self, account: Account, tenant_b: TenantRecord) -> None:
        with tenant_scope(tenant_b), pytest.raises(AccountUnknown):
            statement(account.id, MONDAY)


def test_postings_of_one_account_are_stamped_in_the_order_of_its_versions(account: Account) -> None:
    make_payment_type()
    other = make_account()
    for _ in range(3):
        submit_payments([payment(account, other, 1), payment(account, other, 2)])
    rows = Posting.objects.filter(account_id=account.id).order_by("created_at", "id").values_list("account_version", flat=True)
    assert list(rows) == list(range(1, 11))


def test_without_a_tenant_nothing_is_read(account: Account) -> None:
    with platform_scope():
        for ask in (lambda: balance_at(account.id, at(MONDAY)), lambda: balance_at(account.id), lambda: statement(account.id, MONDAY)):
            with pytest.raises(TenantRequired):
                ask()
        with pytest.raises(TenantRequired):
            postings_page(account.id, limit=1)


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_the_platform_sees_which_tenants_have_something_to_fold(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    assert tenants_with_deltas(in_tenant_a.schema) == set()
    make_account(funds_minor=1)
    with tenant_scope(tenant_b):
        make_customer()
    assert tenants_with_deltas(in_tenant_a.schema) == {in_tenant_a.slug}
