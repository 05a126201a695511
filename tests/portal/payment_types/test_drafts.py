"""Drafting a payment type in the portal: the form of all terms, what it refuses, and the list."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config_mgmt.values import Actor
from payments.definitions import Definition, definition_of
from payments.fees import FeePayer, FeeSchedule, FeeTier, FeeType
from payments.models import PaymentType
from payments.operations.payment_types import create_payment_type, put_payment_type
from payments.routes import RetryPolicy
from payments.velocity import VelocityLimit, Window
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words
from tests.portal.payment_types.forms import ADD, NO_TIERS, terms

pytestmark = pytest.mark.django_db
ADA = Actor(name="ada", person="ada")
EVERYTHING = Definition(
    name="SEPA credit transfer",
    description="To every bank in the area",
    is_synchronous=False,
    currencies=("CHF", "EUR"),
    min_amount=Decimal("0.01"),
    max_amount=Decimal(50_000),
    daily_limit=Decimal(100_000),
    velocity_limits=(
        VelocityLimit(window=Window.HOUR, max_count=20, max_amount=Decimal(20_000)),
        VelocityLimit(window=Window.MONTH, max_count=500),
    ),
    fee_schedule=FeeSchedule(
        type=FeeType.TIERED,
        payer=FeePayer.CREDITOR,
        minimum=Decimal("0.01"),
        maximum=Decimal(25),
        tiers=(FeeTier(up_to=Decimal(100), amount=Decimal("0.01")), FeeTier(percentage=Decimal("0.25"))),
    ),
    cut_off_time=time(15, 0, 30),
    time_zone="Europe/Berlin",
    calendar="TARGET2",
    rail="internal",
    rail_fallbacks=("clearing_file", "simulator"),
    approval_threshold=Decimal(40_000),
    retry_policy=RetryPolicy(max_attempts=3, backoff_seconds=30),
)


def _form_values(client: Client, url: str) -> dict[str, str]:
    """What a browser sends back of a form nobody touched."""
    response: Any = client.get(url)
    form = response.context["form"]
    values = {}
    for each in (form, form.tiers.management_form, *form.tiers.forms):
        for field in each:
            value = field.field.widget.format_value(field.value()) if field.name != "is_synchronous" else field.value() and "on"
            value = value[0] if isinstance(value, list) and value else value
            if value:
                values[field.html_name] = str(value)
    return values


def test_a_new_payment_type_is_a_draft_first(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    answer = send(operator_a, ADD, **terms(code="SEPA", currencies="eur, CHF", fee_type="FLAT", fee_amount="0.20", reason="asked for"))
    saved = PaymentType.objects.get()
    assert (saved.status, saved.code, saved.currencies, saved.processing_fee, saved.reason, saved.created_by_person) == (
        "DRAFT",
        "SEPA",
        ["CHF", "EUR"],
        Decimal("0.20"),
        "asked for",
        "alpha-bank-operator",
    )
    assert "What this draft changes" not in answer.content.decode(), "nothing is in force that it could change"
    assert "Nothing in force" in html(operator_a, page_of("payments_paymenttype", saved.pk, "activate"))
    again = send(operator_a, ADD, **terms(code="SEPA", name="Another"))
    assert list(again.context["form"].errors) == ["code"]


def test_a_form_sent_back_untouched_keeps_every_term(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    draft, _ = create_payment_type(code="SEPA", definition=EVERYTHING, actor=ADA, draft=True)
    url = page_of("payments_paymenttype", draft.pk, "edit")
    assert operator_a.post(url, _form_values(operator_a, url)).status_code == 302
    assert definition_of(PaymentType.objects.get()) == EVERYTHING


def test_editing_the_version_in_force_makes_a_draft_and_changes_nothing_for_payments(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    active = factories.make_payment_type("SEPA", max_amount=Decimal(10))
    answer = send(operator_a, page_of("payments_paymenttype", active.pk, "edit"), **terms(name="Sepa", max_amount="20", fee_type="FREE"))
    versions = PaymentType.objects.order_by("version").values_list("version", "status", "max_amount")
    assert list(versions) == [(1, "ACTIVE", Decimal(10)), (2, "DRAFT", Decimal(20))]
    assert answer.context["diff"].rows == [("Largest amount", "10.00", "20.00")]
    page = html(operator_a, page_of("payments_paymenttype", active.pk))
    assert "What this draft changes" not in page


def test_tiers_are_rows_and_blank_ones_are_none(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    rows = {
        "tiers-TOTAL_FORMS": "4",
        "tiers-0-up_to": "100",
        "tiers-0-amount": "0.10",
        "tiers-2-up_to": "1000",
        "tiers-2-percentage": "0.5",
        "tiers-3-percentage": "0.25",
    }
    send(operator_a, ADD, **terms(code="SEPA", fee_type="TIERED", fee_payer="CREDITOR", fee_max="25") | rows)
    saved = definition_of(PaymentType.objects.get())
    assert saved.fee_schedule == FeeSchedule(
        type=FeeType.TIERED,
        payer=FeePayer.CREDITOR,
        maximum=Decimal(25),
        tiers=(
            FeeTier(up_to=Decimal(100), amount=Decimal("0.1")),
            FeeTier(up_to=Decimal(1000), percentage=Decimal("0.5")),
            FeeTier(percentage=Decimal("0.25")),
        ),
    )


def test_an_overlapping_tier_is_said_at_its_row(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    rows = {
        "tiers-TOTAL_FORMS": "4",
        "tiers-1-up_to": "100",
        "tiers-1-amount": "0.10",
        "tiers-2-up_to": "100",
        "tiers-2-amount": "0.20",
        "tiers-3-amount": "0.20",
        "tiers-3-percentage": "1",
    }
    answer = send(operator_a, ADD, **terms(code="SEPA", fee_type="TIERED") | rows)
    errors = answer.context["form"].tiers.errors
    assert [list(row) for row in errors] == [[], [], ["up_to"], ["amount"]]
    assert "tiers don&#x27;t overlap" in answer.content.decode()
    assert not PaymentType.objects.exists()


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"min_amount": "10", "max_amount": "5"}, ["min_amount"]),
        ({"daily_limit": "0", "approval_threshold": "-1"}, ["approval_threshold", "daily_limit"]),
        ({"currencies": "EUR,XXQ"}, ["currencies"]),
        ({"code": "sepa"}, ["code"]),
        ({"name": " "}, ["name"]),
        ({"fee_type": "FLAT"}, ["fee_amount"]),
        ({"fee_type": "FLAT", "fee_amount": "0.5", "currencies": "JPY"}, ["fee_amount"]),
        ({"fee_type": "FLAT", "fee_payer": "CREDITOR", "fee_amount": "9", "max_amount": "5"}, ["fee_amount"]),
        ({"fee_type": "PERCENTAGE", "fee_percentage": "100.1"}, ["fee_percentage"]),
        ({"fee_type": "PERCENTAGE", "fee_percentage": "1", "fee_min": "2", "fee_max": "1"}, ["fee_min"]),
        ({"fee_type": "TIERED"}, ["fee_type"]),
        ({"fee_type": "GIFT"}, ["fee_type"]),
        ({"hour_amount": "0"}, ["hour_amount"]),
        ({"minute_count": "5", "day_count": "0"}, ["day_count"]),
        ({"minute_count": "5", "month_amount": "-1"}, ["month_amount"]),
        ({"cut_off_time": "15:00"}, ["time_zone"]),
        ({"cut_off_time": "25:00"}, ["cut_off_time"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone"]),
        ({"calendar": "NOWHERE"}, ["calendar"]),
        ({"rail": "internal", "fallback_2": "internal"}, ["fallback_2"]),
        ({"max_attempts": "3"}, ["max_attempts"]),
        ({"max_attempts": "3", "backoff_seconds": "999999"}, ["backoff_seconds"]),
        ({"max_amount": "NaN"}, ["max_amount"]),
        ({"max_amount": "1e400"}, ["max_amount"]),
        ({"max_amount": "1.00001"}, ["max_amount"]),
    ],
)
def test_nonsense_is_said_at_its_field(operator_a: Client, in_tenant_a: TenantRecord, given: dict[str, str], fields: list[str]) -> None:
    answer: Any = operator_a.post(ADD, terms(code="SEPA") | given)
    assert sorted(answer.context["form"].errors) == fields
    assert not PaymentType.objects.exists()


def test_what_is_wrong_with_a_tier_is_said_in_the_words_of_the_form(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    rows = {"tiers-0-amount": "1", "tiers-1-amount": "2"}
    page = send(operator_a, ADD, **terms(code="SEPA", fee_type="TIERED") | rows).content.decode()
    assert "every tier but the last has “Up to”" in page
    assert "upTo" not in words(page)


def test_no_time_zone_is_offered_only_for_what_has_no_cut_off(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    page = words(html(operator_a, ADD))
    assert "None: only without a cut-off" in page
    assert "a cut-off needs one" in page
    assert "The calendar&#x27;s own" not in page


@pytest.mark.parametrize("total", ["", "x", "-1", "100000"])
def test_a_form_whose_rows_were_meddled_with_is_refused(operator_a: Client, in_tenant_a: TenantRecord, total: str) -> None:
    answer = send(operator_a, ADD, **terms(code="SEPA", fee_type="TIERED") | {"tiers-TOTAL_FORMS": total})
    assert answer.status_code == 200
    assert not PaymentType.objects.exists()


def test_a_draft_somebody_else_has_saved_meanwhile_is_not_overwritten(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    active = factories.make_payment_type("SEPA")
    url = page_of("payments_paymenttype", active.pk, "edit")
    stale = _form_values(operator_a, url)
    put_payment_type(code="SEPA", definition=Definition(name="By another"), actor=ADA, draft=True)
    answer = operator_a.post(url, stale | NO_TIERS)
    assert "changed by somebody else" in answer.content.decode()
    assert PaymentType.objects.get(status="DRAFT").name == "By another"


def test_the_list_has_one_row_for_each_code_and_says_what_waits(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    create_payment_type(code="SEPA", definition=EVERYTHING, actor=ADA, draft=True)
    for number in range(2):
        factories.make_payment_type("INSTANT", version=number + 1, status="RETIRED")
    factories.make_payment_type("INSTANT", version=3, processing_fee=Decimal("0.20"))
    put_payment_type(code="INSTANT", definition=Definition(name="Instant"), actor=ADA, draft=True)
    answer: Any = operator_a.get(list_of("payments_paymenttype"))
    assert [(row.code, row.version) for row in answer.context["cl"].result_list] == [("INSTANT", 3), ("SEPA", 1)]
    page = words(answer.content.decode())
    for shown in ("Version 4", "0.20", "0.01 up to 100.00", "0.25 % above", "the creditor pays", "20 payments and 20,000.00 an hour"):
        assert shown in page, shown
    every: Any = operator_a.get(list_of("payments_paymenttype"), {"versions": "all"})
    assert len(every.context["cl"].result_list) == 5


def test_the_list_reads_the_drafts_of_a_page_at_once(
    operator_a: Client, in_tenant_a: TenantRecord, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        factories.make_payment_type(f"TYPE_{number}")
    with django_assert_max_num_queries(14):
        html(operator_a, list_of("payments_paymenttype"))


def test_the_neighbour_sees_and_edits_nothing(operator_b: Client, in_tenant_a: TenantRecord) -> None:
    version = factories.make_payment_type("SECRET", status="DRAFT")
    assert "SECRET" not in html(operator_b, list_of("payments_paymenttype"))
    for button in ("edit", "activate", "schedule"):
        url = page_of("payments_paymenttype", version.pk, button)
        assert operator_b.get(url).status_code == 404, button
        assert operator_b.post(url, terms(reason="theft", seen="x")).status_code == 404, button
    assert operator_b.get(page_of("payments_paymenttype", version.pk))["Location"] == reverse("admin:index")
