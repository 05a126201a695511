"""The box "What would happen to this payment", and the bars of limits: they say what would be, and move nothing."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from payments.models import LimitUsage, Payment, PaymentType
from payments.operations.submit import submit_payments
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, page_of, words

pytestmark = pytest.mark.django_db
FRIDAY_EVENING = datetime(2026, 3, 27, 16, tzinfo=UTC)


@pytest.fixture
def ada(in_tenant_a: TenantRecord) -> Account:
    return factories.make_account(funds_minor=100_00, name="Ada")


@pytest.fixture
def bob(in_tenant_a: TenantRecord) -> Account:
    return factories.make_account(name="Bob")


def _sepa(**terms: Any) -> PaymentType:
    limits = [{"window": "DAY", "maxCount": 2}, {"window": "MONTH", "maxAmount": "50"}]
    return factories.make_payment_type("SEPA", max_amount=Decimal(60), processing_fee=Decimal(1), velocity_limits=limits, **terms)


def _ask(client: Client, version: PaymentType, debtor: Account, creditor: Account, amount: str = "10.00", /, **given: str) -> Any:
    asked = {"amount": amount, "currency": "EUR", "debtor": str(debtor.pk), "creditor": str(creditor.pk), **given}
    answer: Any = client.get(page_of("payments_paymenttype", version.pk), asked)
    assert answer.status_code == 200
    return answer


def _verdicts(answer: Any) -> dict[str, str]:
    return {row[0]: words(row[1]).strip() for row in answer.context["box"].panels[0].rows}


def test_a_payment_that_would_be_booked_shows_its_fee_and_moves_nothing(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    box = _ask(operator_a, version, ada, bob).context["box"]
    assert (box.is_allowed, box.sentence) == (True, "It would be booked at once.")
    assert {name: words(value).strip() for name, value in box.facts if name != "Value date"} == {
        "Carried by": "Booked at once",
        "Fee": "1.00 EUR",
        "The debtor is charged": "11.00 EUR",
        "The creditor gets": "10.00 EUR",
    }
    assert not Payment.objects.exists()
    assert not LimitUsage.objects.exists()
    assert not Account.objects.filter(role="FEE").exists(), "the fee account is opened by the first fee, not by asking"
    ada.refresh_from_db()
    assert ada.booked_minor == 100_00


def test_every_rule_says_what_it_thinks_not_only_the_first(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    Account.objects.filter(pk=bob.pk).update(status="FROZEN")
    answer = _ask(operator_a, version, ada, bob, "200.00")
    verdicts = _verdicts(answer)
    refused = {rule for rule, verdict in verdicts.items() if verdict == "Refuses"}
    assert refused == {"Creditor account", "Largest amount", "Limit of the debtor account", "Available funds"}
    assert verdicts["Debtor account"] == "Passes"
    assert answer.context["box"].sentence == "It would be refused: this account is frozen."


def test_limits_are_judged_by_what_the_account_has_used(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    submit_payments([factories.payment(ada, bob, 20_00, payment_type="SEPA") for _ in range(2)])
    answer = _ask(operator_a, version, ada, bob)
    assert "has made 2 of at most 2 payments" in answer.context["box"].sentence
    assert "20.00 EUR" not in answer.context["box"].sentence
    page = words(answer.content.decode())
    assert "2 of 2" in page
    assert "40.00 of 50.00 EUR" in page
    next_month = _ask(operator_a, version, ada, bob, at="2099-01-15T12:00")
    assert next_month.context["box"].is_allowed, "another window, nothing used"


def test_a_draft_is_tried_before_it_is_in_force(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa(status="DRAFT", cut_off_time=time(15), time_zone="Europe/Berlin", calendar="TARGET2")
    answer = _ask(operator_a, version, ada, bob, at=f"{FRIDAY_EVENING:%Y-%m-%dT%H:%M}")
    box = answer.context["box"]
    assert box.is_allowed
    assert dict(box.facts)["Value date"] == "2026-03-30"
    page = words(answer.content.decode())
    assert "as if it were in force" in page
    assert "not before the cut-off at 15:00" in page
    assert "Saturday 2026-03-28 is a day of the weekend in TARGET2." in page


def test_what_would_wait_says_for_what_and_over_which_rail(operator_a: Client, ada: Account, bob: Account) -> None:
    out = factories.make_payment_type("OUT", rail="simulator", rail_fallbacks=["simulator_instant"], is_synchronous=False)
    later = factories.make_payment_type("LATER", is_synchronous=False)
    large = factories.make_payment_type("LARGE", approval_threshold=Decimal(10), rail_fallbacks=["simulator"])
    elsewhere = {"creditor": "", "creditor_iban": "gb33 BUKB 2020 1555 5555 55"}
    waits = "It would wait for another person's approval. Then "
    for version, given, sentence in (
        (out, elsewhere, "Its money would be set aside, and it would leave the bank over Simulator, else Simulator, instant."),
        (later, {}, "Its money would be set aside, and a worker would book it within seconds."),
        (large, {}, f"{waits}it would be booked at once."),
        (large, elsewhere, f"{waits}its money would be set aside, and it would leave the bank over Simulator."),
        (later, elsewhere, "It would be refused: there is no such account."),
    ):
        answer = _ask(operator_a, version, ada, bob, **given)
        assert answer.context["box"].sentence == sentence, version.code
        assert (_verdicts(answer).get("Approval") == "Waits") is (version is large)
    assert not Payment.objects.exists()


def test_nobody_is_asked_to_approve_what_is_refused(operator_a: Client, ada: Account, bob: Account) -> None:
    version = factories.make_payment_type("LARGE", approval_threshold=Decimal(10), max_amount=Decimal(50_000))
    answer = _ask(operator_a, version, ada, bob, "60000.00")
    assert _verdicts(answer)["Approval"] == "Not asked for"
    page = words(answer.content.decode())
    assert "needed from 10.00 EUR on: this payment needs one" in page
    assert answer.context["box"].sentence == "It would be refused: the largest amount is 50,000.00 EUR."
    assert "50000.00" not in page


def test_an_iban_that_is_kept_here_is_that_account(operator_a: Client, ada: Account) -> None:
    version = _sepa()
    factories.make_account(iban="DE89370400440532013000", name="Carol")
    box = _ask(operator_a, version, ada, ada, creditor="", creditor_iban="DE89370400440532013000").context["box"]
    assert box.sentence == "It would be booked at once."


def test_the_creditor_is_named_once(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    iban = "GB33BUKB20201555555555"
    for given, field in (
        ({"creditor": "", "creditor_iban": ""}, "creditor"),
        ({"creditor_iban": iban}, "creditor"),
        ({"creditor": "", "creditor_iban": f"{iban[:-1]}6"}, "creditor_iban"),
    ):
        assert list(_ask(operator_a, version, ada, bob, **given).context["box"].form.errors) == [field], given


def test_what_was_typed_wrong_is_said_at_its_field(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    for given, field in (
        ({"amount": "1.001"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"currency": "XXQ"}, "currency"),
        ({"at": "now"}, "at"),
    ):
        box = _ask(operator_a, version, ada, bob, **given).context["box"]
        assert (list(box.form.errors), box.sentence) == ([field], ""), given
    assert list(_ask(operator_a, version, ada, bob, currency="JPY").context["box"].form.errors) == ["amount"], "yen have no hundredths"
    refused = _ask(operator_a, version, ada, bob, "10", currency="JPY").context["box"]
    assert refused.sentence == "It would be refused: this account is in EUR, the payment in JPY."
    far = _ask(operator_a, version, ada, bob, at="2150-01-01T00:00").context["box"]
    assert "calendars reach" in far.sentence


def test_accounts_of_the_neighbour_can_not_be_named(operator_a: Client, ada: Account, tenant_b: TenantRecord) -> None:
    version = _sepa()
    with tenant_scope(tenant_b):
        foreign = factories.make_account(funds_minor=5_00, name="Account of BETA")
    answer = _ask(operator_a, version, foreign, ada)
    assert list(answer.context["box"].form.errors) == ["debtor"]
    assert "BETA" not in answer.content.decode()
    usage = html(operator_a, reverse("admin:payments_paymenttype_usage"), account=str(foreign.pk))
    assert "BETA" not in usage
    assert "Used of the limits" not in usage


def test_a_suspended_tenant_may_still_ask(operator_a: Client, ada: Account, bob: Account) -> None:
    version = _sepa()
    Tenant.objects.filter(slug="alpha-bank").update(status="SUSPENDED")
    registry.forget()
    assert _ask(operator_a, version, ada, bob).context["box"].is_allowed


def test_usage_of_limits_stands_as_bars(operator_a: Client, ada: Account, bob: Account) -> None:
    _sepa()
    factories.make_payment_type("YEN", currencies=["JPY"], daily_limit=Decimal(5))
    submit_payments([factories.payment(ada, bob, 45_00, payment_type="SEPA")])
    url = reverse("admin:payments_paymenttype_usage")
    page = html(operator_a, url, account=str(ada.pk))
    assert "1 of 2" in page
    assert "45.00 of 50.00 EUR" in page
    assert "width: 90%" in page
    assert "config-bar-warning" in page
    assert "YEN" not in page, "the account is in EUR"
    assert "Nothing limits" not in page
    assert "0 of 2" in html(operator_a, url, account=str(bob.pk))
    assert url in html(operator_a, reverse("admin:payments_paymenttype_changelist"))
