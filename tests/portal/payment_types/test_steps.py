"""The life of a payment type's versions in the portal: activate now or at a time, retire, roll back; and who may."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from config_mgmt.values import Actor
from payment_engine.clock import now
from payments.definitions import Definition
from payments.models import PaymentType
from payments.operations.payment_types import activate_payment_type, create_payment_type, put_payment_type
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.pages import html, list_of, page_of, send, words
from tests.portal.payment_types.forms import ADD, terms

ADA = Actor(name="ada", person="ada")
in_a = pytest.mark.usefixtures("in_tenant_a")
MODEL = "payments_paymenttype"


def _draft(**given: Any) -> PaymentType:
    """SEPA is in force for 1.00; the draft makes it 2.00."""
    factories.make_payment_type("SEPA", processing_fee=Decimal(1))
    return put_payment_type(
        code="SEPA", definition=Definition(name="Sepa", processing_fee=Decimal(2), **given), actor=ADA, draft=True, reason="dearer"
    )


def _standing() -> list[tuple[int, str]]:
    return list(PaymentType.objects.order_by("version").values_list("version", "status"))


@pytest.mark.django_db
@in_a
def test_a_draft_is_activated_after_its_difference_was_shown(operator_a: Client) -> None:
    draft = _draft()
    url = page_of(MODEL, draft.pk, "activate")
    assert "Fee 1.00 2.00" in words(html(operator_a, url))
    answer = send(operator_a, url, reason="agreed")
    assert "SEPA version 2 is in force." in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.status, draft.reason, draft.activated_by) == ("ACTIVE", "agreed", "alpha-bank-operator")
    assert _standing() == [(1, "RETIRED"), (2, "ACTIVE")]
    assert LogEntry.objects.get().change_message == "version 2 is in force."
    assert operator_a.post(url, {"reason": "again"}).status_code == 404, "a version in force is no draft"


@pytest.mark.django_db
@in_a
def test_a_step_needs_a_reason(operator_a: Client) -> None:
    draft = _draft()
    for button in ("activate", "schedule"):
        answer = send(operator_a, page_of(MODEL, draft.pk, button), reason=" ")
        assert "reason" in answer.context["form"].errors, button
    assert _standing() == [(1, "ACTIVE"), (2, "DRAFT")]


@pytest.mark.django_db
@in_a
def test_a_draft_is_scheduled_and_editing_it_takes_the_time_back(operator_a: Client) -> None:
    draft = _draft()
    at = (now() + timedelta(days=2)).replace(microsecond=0)
    answer = send(operator_a, page_of(MODEL, draft.pk, "schedule"), activate_at=f"{at:%Y-%m-%dT%H:%M:%S}", reason="next week")
    assert f"takes effect at {at:%Y-%m-%d %H:%M:%S} UTC" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.status, draft.activate_at) == ("DRAFT", at)
    assert f"{at:%Y-%m-%d %H:%M}" in words(html(operator_a, list_of(MODEL)))
    url = page_of(MODEL, draft.pk, "edit")
    assert "takes its scheduled activation back" in html(operator_a, url)
    send(operator_a, url, **terms(fee_type="FLAT", fee_amount="3"))
    draft.refresh_from_db()
    assert (draft.processing_fee, draft.activate_at) == (Decimal(3), None)


@pytest.mark.django_db
@in_a
@pytest.mark.parametrize("at", ["", "2020-01-01T00:00", "2999-01-01T00:00", "tomorrow"])
def test_a_time_that_can_not_be_is_said_at_its_field(operator_a: Client, at: str) -> None:
    draft = _draft()
    answer = send(operator_a, page_of(MODEL, draft.pk, "schedule"), activate_at=at, reason="x")
    assert list(answer.context["form"].errors) == ["activate_at"]
    draft.refresh_from_db()
    assert draft.activate_at is None


@pytest.mark.django_db
@in_a
def test_a_draft_changed_after_it_was_looked_at_is_not_activated(operator_a: Client) -> None:
    draft = _draft()
    url = page_of(MODEL, draft.pk, "activate")
    seen = operator_a.get(url).context["form"].initial["seen"]
    put_payment_type(code="SEPA", definition=Definition(name="Sepa", processing_fee=Decimal(9)), actor=ADA, draft=True)
    assert "changed by somebody else" in operator_a.post(url, {"reason": "agreed", "seen": seen}).content.decode()
    assert _standing() == [(1, "ACTIVE"), (2, "DRAFT")]


@pytest.mark.django_db
@in_a
def test_why_a_draft_can_not_take_effect_is_said(operator_a: Client) -> None:
    draft = _draft(rail="clearing_file")
    answer = send(operator_a, page_of(MODEL, draft.pk, "activate"), reason="now")
    assert "the rail clearing_file is not connected" in answer.content.decode()


@pytest.mark.django_db
@in_a
def test_a_draft_is_discarded_after_a_question(operator_a: Client) -> None:
    draft = _draft()
    url = page_of(MODEL, draft.pk, "discard")
    assert url in html(operator_a, page_of(MODEL, draft.pk))
    question = words(html(operator_a, url))
    assert "Payments go on as before." in question
    assert "What is dropped" in question
    assert "Fee 1.00 2.00" in question
    assert "reason" in send(operator_a, url, reason=" ").context["form"].errors
    answer = send(operator_a, url, reason="not sold")
    assert "SEPA draft version 2 is discarded." in answer.content.decode()
    assert _standing() == [(1, "ACTIVE")]
    assert LogEntry.objects.get().change_message == "draft version 2 is discarded."
    assert operator_a.get(url).status_code in {302, 404}, "it is gone"
    current = PaymentType.objects.get()
    assert page_of(MODEL, current.pk, "discard") not in html(operator_a, page_of(MODEL, current.pk))
    assert operator_a.get(page_of(MODEL, current.pk, "discard")).status_code == 404


@pytest.mark.django_db
@in_a
def test_a_draft_edited_after_it_was_looked_at_is_not_discarded(operator_a: Client) -> None:
    draft = _draft()
    url = page_of(MODEL, draft.pk, "discard")
    seen = operator_a.get(url).context["form"].initial["seen"]
    put_payment_type(code="SEPA", definition=Definition(name="Sepa", processing_fee=Decimal(9)), actor=ADA, draft=True)
    assert "changed by somebody else" in operator_a.post(url, {"reason": "agreed", "seen": seen}).content.decode()
    assert _standing() == [(1, "ACTIVE"), (2, "DRAFT")]


@pytest.mark.django_db
@in_a
def test_the_only_version_that_is_discarded_leads_back_to_the_list(operator_a: Client) -> None:
    draft, _ = create_payment_type(code="CARD", definition=Definition(name="Card"), actor=ADA, draft=True)
    url = page_of(MODEL, draft.pk, "discard")
    assert "the payment type is gone with it" in html(operator_a, url)
    assert "CARD draft version 1 is discarded." in send(operator_a, url, reason="typo").content.decode()
    assert _standing() == []


@pytest.mark.django_db
@in_a
def test_retiring_and_rolling_back(operator_a: Client) -> None:
    draft = _draft()
    first = PaymentType.objects.get(version=1)
    activate_payment_type(code="SEPA", version=2, actor=ADA)
    assert "roll_back" not in html(operator_a, page_of(MODEL, draft.pk))
    url = page_of(MODEL, first.pk, "roll_back")
    assert "Fee 2.00 1.00" in words(html(operator_a, url))
    answer = send(operator_a, url, reason="too dear")
    assert "SEPA version 3 is in force, with the terms of version 1." in answer.content.decode()
    third = PaymentType.objects.get(version=3)
    assert (third.rollback_of, third.processing_fee, third.reason) == (1, Decimal(1), "too dear")
    send(operator_a, page_of(MODEL, third.pk, "retire"), reason="no longer sold")
    third.refresh_from_db()
    assert (third.status, third.retired_by, third.retire_reason) == ("RETIRED", "alpha-bank-operator", "no longer sold")
    assert page_of(MODEL, third.pk, "edit") in html(operator_a, page_of(MODEL, third.pk)), "where nothing is in force, it is a beginning"


@pytest.mark.django_db
@in_a
def test_history_says_who_when_why_and_what_changed(operator_a: Client) -> None:
    draft = _draft()
    activate_payment_type(code="SEPA", version=2, actor=Actor(name="client-1", person="grace"), reason="agreed")
    page = words(html(operator_a, page_of(MODEL, draft.pk)))
    for shown in (
        "Version 1",
        "Version 2",
        "Fee: 1.00 → 2.00",
        "ada",
        "agreed",
        "client-1",
        "First version",
    ):
        assert shown in page, shown


@pytest.mark.django_db
@in_a
def test_each_version_has_the_buttons_of_its_status(operator_a: Client) -> None:
    draft = _draft()
    active = PaymentType.objects.get(version=1)
    offered = {
        version.version: {
            button for button in ("edit", "activate", "schedule", "retire", "roll_back") if f"/{button}" in _page(operator_a, version)
        }
        for version in (active, draft)
    }
    assert offered == {1: {"edit", "retire"}, 2: {"edit", "activate", "schedule"}}
    assert operator_a.post(page_of(MODEL, draft.pk, "roll_back"), {"reason": "x"}).status_code == 404
    assert operator_a.post(page_of(MODEL, draft.pk, "retire"), {"reason": "x"}).status_code == 404


def _page(client: Client, version: PaymentType) -> str:
    return html(client, page_of(MODEL, version.pk)).split("What would happen", maxsplit=1)[0].replace("/admin/payments/paymenttype/add", "")


@pytest.mark.django_db
def test_operators_of_a_suspended_tenant_only_read(operator_a: Client, tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        draft = _draft()
    Tenant.objects.filter(slug="alpha-bank").update(status="SUSPENDED")
    registry.forget()
    page = html(operator_a, page_of(MODEL, draft.pk))
    assert "What this draft changes" in page
    for button in ("edit", "activate", "schedule"):
        assert page_of(MODEL, draft.pk, button) not in page
        assert operator_a.get(page_of(MODEL, draft.pk, button)).status_code == 403, button
        assert operator_a.post(page_of(MODEL, draft.pk, button), {"reason": "x"}).status_code == 403, button
    assert operator_a.get(ADD).status_code == 403


@pytest.mark.django_db(transaction=True, databases=["default", "platform"])
def test_platform_staff_without_a_tenant_only_read(platform: Client, tenant_b: TenantRecord) -> None:
    with tenant_scope(tenant_b):
        draft = _draft()
        factories.make_payment_type("INSTANT")
    shown = words(html(platform, list_of(MODEL)))
    assert shown.count("SEPA") == 1
    assert "beta-bank" in shown
    page = html(platform, page_of(MODEL, draft.pk))
    assert "What this draft changes" in page
    assert "Fee: 1.00 → 2.00" in words(page)
    assert "What would happen" not in page
    for button in ("edit", "activate", "schedule"):
        assert platform.get(page_of(MODEL, draft.pk, button)).status_code == 403, button
        assert platform.post(page_of(MODEL, draft.pk, button), {"reason": "x"}).status_code == 403, button
    assert platform.get(reverse("admin:payments_paymenttype_usage")).status_code == 200
    platform.post(reverse("admin:tenants_tenant_act"), {"tenant": "beta-bank"})
    send(platform, page_of(MODEL, draft.pk, "activate"), reason="for them")
    with tenant_scope(tenant_b):
        assert PaymentType.objects.get(code="SEPA", status="ACTIVE").version == 2
