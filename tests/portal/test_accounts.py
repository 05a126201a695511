"""Customers, accounts and journals, as an operator handles them."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Customer, Journal, Posting
from accounts.operations.accounts import freeze_account
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db


def _balance(account: Account) -> int:
    account.refresh_from_db()
    return account.booked_minor


def test_customer_is_added_and_found(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    send(operator_a, reverse("admin:accounts_customer_add"), name="Grace Hopper", reference="C-7", email="")
    customer = Customer.objects.get()
    assert (customer.name, customer.reference, customer.tenant_id) == ("Grace Hopper", "C-7", "alpha-bank")
    for term in ("hopper", "C-7", customer.public_id):
        assert "Grace Hopper" in html(operator_a, list_of("accounts_customer"), q=term)
    assert "Grace Hopper" not in html(operator_a, list_of("accounts_customer"), q="C-77")


def test_customer_reference_is_unique(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    for _ in range(2):
        answer = send(operator_a, reverse("admin:accounts_customer_add"), name="Grace", reference="C-7", email="")
    assert "another customer has this reference" in answer.content.decode()
    assert Customer.objects.count() == 1


def test_customers_page_lists_the_accounts(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account(funds_minor=123_456, name="Savings")
    page = words(html(operator_a, page_of("accounts_customer", account.customer_id)))
    assert "Savings" in page
    assert "1,234.56 EUR" in page


def test_account_is_opened(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    customer = factories.make_customer()
    answer = send(
        operator_a,
        reverse("admin:accounts_account_add"),
        customer=str(customer.pk),
        name="Yen account",
        currency="jpy",
        iban="DE89 3704 0044 0532 0130 00",
        type="LIABILITY",
        overdraft_limit="500",
    )
    account = Account.objects.get()
    assert answer.redirect_chain[-1][0] == page_of("accounts_account", account.pk)
    assert (account.currency, account.iban, account.overdraft_limit_minor, account.customer_id) == (
        "JPY",
        "DE89370400440532013000",
        500,
        customer.pk,
    )


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("currency", "XXQ", "ISO 4217"),
        ("iban", "DE00370400440532013000", "not a valid IBAN"),
        ("overdraft_limit", "0.001", "digits after the decimal point"),
        ("customer", "01900000-0000-7000-8000-000000000000", "Select a valid choice"),
    ],
)
def test_account_is_not_opened_with_nonsense(operator_a: Client, in_tenant_a: TenantRecord, field: str, value: str, reason: str) -> None:
    values = {"customer": str(factories.make_customer().pk), "name": "A", "currency": "EUR", "type": "LIABILITY", field: value}
    answer = send(operator_a, reverse("admin:accounts_account_add"), **values)
    assert reason in answer.content.decode()
    assert not Account.objects.exists()


def test_an_iban_that_is_taken_is_said_at_the_field(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account(iban="DE89370400440532013000")
    values = {"customer": str(account.customer_id), "name": "A", "currency": "EUR", "type": "LIABILITY", "iban": "DE89370400440532013000"}
    answer = send(operator_a, reverse("admin:accounts_account_add"), **values)
    assert answer.context["form"].errors["iban"] == ["an account with this number or IBAN exists already"]


def test_account_page_shows_balances_and_postings(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account("KWD", funds_minor=1_234_567, overdraft_limit_minor=1_000)
    page = words(html(operator_a, page_of("accounts_account", account.pk)))
    assert "1,234.567 KWD" in page
    assert "1,235.567 KWD" in page
    assert "Opening balance" in page


def test_shared_accounts_show_what_was_not_folded_yet_and_have_no_buttons(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    factories.make_account(funds_minor=50_000)
    equity = Account.objects.get(role="EQUITY")
    assert equity.booked_minor == 0
    page = html(operator_a, page_of("accounts_account", equity.pk))
    assert words(page).count("−500.00 EUR") == 2, "booked and available"
    assert "freeze" not in page
    assert operator_a.post(page_of("accounts_account", equity.pk, "freeze")).status_code == 404


@pytest.mark.parametrize("term", ["DE89 3704 0044 0532 0130 00", "Savings", "Ada", "public_id", "number"])
def test_account_is_found_by(operator_a: Client, in_tenant_a: TenantRecord, term: str) -> None:
    account = factories.make_account(iban="DE89370400440532013000", name="Savings")
    other = factories.make_account(name="Other")
    Customer.objects.filter(accounts=other).update(name="Blaise")
    page = html(operator_a, list_of("accounts_account"), q=getattr(account, term, term))
    assert str(account.pk) in page
    assert str(other.pk) not in page


def test_lists_are_paged_without_being_counted(
    operator_a: Client, in_tenant_a: TenantRecord, django_assert_max_num_queries: object
) -> None:
    Customer.objects.bulk_create([Customer(name=f"Customer {n:03}") for n in range(51)])
    with django_assert_max_num_queries(12) as queries:  # type: ignore[operator]
        first = html(operator_a, list_of("accounts_customer"))
    assert not [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"].upper()]
    second = html(operator_a, list_of("accounts_customer"), p="2")
    links = re.compile(r"/accounts/customer/([0-9a-f-]{36})/change/")
    assert (len(set(links.findall(first))), len(set(links.findall(second)))) == (50, 1)
    assert operator_a.get(list_of("accounts_customer"), {"p": "201"}).status_code == 302


def test_freeze_unfreeze_and_close(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account()
    for button, status in (("freeze", "FROZEN"), ("unfreeze", "OPEN"), ("close", "CLOSED")):
        assert operator_a.get(page_of("accounts_account", account.pk, button)).status_code == 200
        account.refresh_from_db()
        assert account.status != status, "looking at the question changes nothing"
        send(operator_a, page_of("accounts_account", account.pk, button))
        account.refresh_from_db()
        assert account.status == status
    answer = send(operator_a, page_of("accounts_account", account.pk, "unfreeze"))
    assert "this account is closed" in answer.content.decode()


def test_an_account_with_money_is_not_closed(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account(funds_minor=1)
    answer = send(operator_a, page_of("accounts_account", account.pk, "close"))
    assert "zero balance" in answer.content.decode()
    account.refresh_from_db()
    assert account.status == "OPEN"


def test_overdraft_limit_in_use_is_refused_at_the_field(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account(overdraft_limit_minor=10_000)
    other = factories.make_account()
    url = reverse("admin:accounts_journal_add")
    send(operator_a, url, debit_account=str(account.pk), credit_account=str(other.pk), amount="60.00", description="x")
    answer = send(operator_a, page_of("accounts_account", account.pk, "overdraft"), overdraft_limit="59.99")
    assert answer.context["form"].errors["overdraft_limit"] == ["the account uses more than the new overdraft limit"]
    send(operator_a, page_of("accounts_account", account.pk, "overdraft"), overdraft_limit="60")
    account.refresh_from_db()
    assert account.overdraft_limit_minor == 6_000


def test_history_says_who_did_what(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account()
    send(operator_a, page_of("accounts_account", account.pk, "rename"), name="Savings")
    history = words(html(operator_a, page_of("accounts_account", account.pk, "history")))
    for shown in ("alpha-bank-operator", "Account renamed.", "1 entry"):
        assert shown in history, shown
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alpha-bank-operator", history), history


def test_opening_balance(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account("JPY")
    answer = send(operator_a, page_of("accounts_account", account.pk, "opening_balance"), amount="10.5")
    assert "JPY has 0 digits" in answer.content.decode()
    assert "posted to already" not in html(operator_a, page_of("accounts_account", account.pk, "opening_balance"))
    send(operator_a, page_of("accounts_account", account.pk, "opening_balance"), amount="1000")
    again = words(html(operator_a, page_of("accounts_account", account.pk, "opening_balance")))
    assert "The account has been posted to already: this is added to its 1,000 JPY." in again
    assert _balance(account) == 1000
    assert Journal.objects.get(kind="OPENING").created_by == "alpha-bank-operator"


def test_manual_journal_of_four_fields(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    debit, credit = factories.make_account(funds_minor=10_000), factories.make_account()
    answer = send(
        operator_a,
        reverse("admin:accounts_journal_add"),
        debit_account=str(debit.pk),
        credit_account=str(credit.pk),
        amount="25.00",
        description="Correction of yesterday",
    )
    journal = Journal.objects.get(kind="MANUAL")
    assert answer.redirect_chain[-1][0] == page_of("accounts_journal", journal.pk)
    assert (_balance(debit), _balance(credit)) == (7_500, 2_500)
    assert (journal.description, journal.created_by) == ("Correction of yesterday", "alpha-bank-operator")
    assert words(answer.content.decode()).count("25.00 EUR") == 3


@pytest.mark.parametrize("amount", ["1e2", "-1", "0", "NaN", "10.001", "1,000.00", "1" * 19, "", "ten"])
def test_manual_journal_refuses_a_bad_amount_at_the_field(operator_a: Client, in_tenant_a: TenantRecord, amount: str) -> None:
    debit, credit = factories.make_account(funds_minor=10_000), factories.make_account()
    values = {"debit_account": str(debit.pk), "credit_account": str(credit.pk), "description": "x", "amount": amount}
    answer = send(operator_a, reverse("admin:accounts_journal_add"), **values)
    assert list(answer.context["form"].errors) == ["amount"]
    assert not Journal.objects.filter(kind="MANUAL").exists()


def test_manual_journal_refusals_are_said_at_the_fields(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    poor, rich, dollars = factories.make_account(), factories.make_account(funds_minor=100), factories.make_account("USD")
    url = reverse("admin:accounts_journal_add")
    for debit, credit, field in ((poor, rich, "amount"), (rich, dollars, "credit_account"), (rich, rich, "credit_account")):
        answer = send(operator_a, url, debit_account=str(debit.pk), credit_account=str(credit.pk), amount="1.00", description="x")
        assert list(answer.context["form"].errors) == [field]
        assert debit.name in answer.content.decode(), "what was chosen stays chosen"


def test_nothing_is_posted_to_a_frozen_account_by_hand(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    frozen, other = factories.make_account(funds_minor=10_000), factories.make_account(funds_minor=10_000)
    freeze_account(account_id=frozen.id)
    for debit, credit in ((frozen, other), (other, frozen)):
        values = {"debit_account": str(debit.pk), "credit_account": str(credit.pk), "amount": "1.00", "description": "x"}
        assert "this account is frozen" in send(operator_a, reverse("admin:accounts_journal_add"), **values).content.decode()
    answer = send(operator_a, page_of("accounts_account", frozen.pk, "opening_balance"), amount="1.00")
    assert "this account is frozen" in answer.content.decode()
    assert (_balance(frozen), _balance(other)) == (10_000, 10_000)


def test_a_form_sent_twice_posts_once(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    debit, credit = factories.make_account(funds_minor=10_000), factories.make_account()
    url = reverse("admin:accounts_journal_add")
    signed = re.search(r'name="journal" value="([^"]+)"', html(operator_a, url))
    assert signed is not None
    values = {"debit_account": str(debit.pk), "credit_account": str(credit.pk), "amount": "1.00", "description": "x", "journal": signed[1]}
    assert operator_a.post(url, values).status_code == 302
    assert "this journal is posted already" in operator_a.post(url, values).content.decode()
    assert "out of date" in operator_a.post(url, {**values, "journal": debit.pk.hex}).content.decode()
    assert (_balance(debit), Posting.objects.filter(account_id=credit.pk).count()) == (9_900, 1)


def test_nothing_of_the_ledger_is_edited_or_deleted(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account(funds_minor=100)
    journal = Journal.objects.get()
    for model, key in (("accounts_account", account.pk), ("accounts_customer", account.customer_id), ("accounts_journal", journal.pk)):
        assert operator_a.post(page_of(model, key, "delete"), {"post": "yes"}).status_code == 403, model
        assert "delete" not in html(operator_a, list_of(model)), model
    assert operator_a.post(page_of("accounts_account", account.pk), {"name": "Mine", "booked_minor": "999"}).status_code == 403
    assert operator_a.post(page_of("accounts_journal", journal.pk), {"description": "x"}).status_code == 403
    assert _balance(account) == 100
