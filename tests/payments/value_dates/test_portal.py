"""The portal's pages of calendars."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from config_mgmt.values import Actor
from payments.models import CalendarDay, TenantCalendar
from payments.operations.calendars import save_calendar, save_calendar_day
from tenants.registry import TenantRecord
from tests.portal.conftest import signed_in
from tests.portal.pages import html, list_of, page_of, send, words

pytestmark = pytest.mark.django_db
ADA = Actor(name="ada", person="ada")
DAY, CALENDAR = "payments_calendarday", "payments_tenantcalendar"
NEW_DAY = {"calendar": "TARGET2", "date": "2026-06-10", "effect": "closed", "name": "Move to the new core", "reason": "ticket 7"}
NEW_CALENDAR = {"code": "GULF", "name": "Gulf desk", "base": "UK", "weekend": "FRIDAY", "time_zone": "Asia/Dubai"}


@pytest.fixture
def operator(tenant_a: TenantRecord) -> Client:
    return signed_in(tenant_a)


@pytest.fixture
def day(in_tenant_a: TenantRecord) -> CalendarDay:
    return save_calendar_day(calendar="UK", day=date(2026, 6, 10), is_business_day=False, name="Audit", actor=ADA)


def test_a_day_is_added(operator: Client, in_tenant_a: TenantRecord) -> None:
    shown = send(operator, reverse(f"admin:{DAY}_add"), **NEW_DAY)
    assert "Payments follow TARGET2 2026-06-10 from now on." in shown.content.decode()
    saved = CalendarDay.objects.get()
    assert (saved.is_business_day, saved.name, saved.changed_by_person) == (False, "Move to the new core", "alpha-bank-operator")
    again = send(operator, reverse(f"admin:{DAY}_add"), **NEW_DAY)
    assert list(again.context["form"].errors) == ["date"]


def test_a_day_is_edited_unless_somebody_else_was_faster(operator: Client, day: CalendarDay) -> None:
    edit = page_of(DAY, day.pk, "edit")
    send(operator, edit, effect="open", name="Open after all")
    day.refresh_from_db()
    assert (day.is_business_day, day.name) == (True, "Open after all")
    late = send(operator, edit, effect="closed", name="Late", seen="2026-01-01T00:00:00+00:00")
    assert "changed by somebody else" in late.content.decode()


def test_a_day_is_removed(operator: Client, day: CalendarDay) -> None:
    send(operator, page_of(DAY, day.pk, "remove"))
    assert not CalendarDay.objects.exists()


def test_a_calendar_is_added_and_edited(operator: Client, in_tenant_a: TenantRecord) -> None:
    send(operator, reverse(f"admin:{CALENDAR}_add"), **NEW_CALENDAR)
    saved = TenantCalendar.objects.get()
    assert (saved.code, saved.base, saved.weekend, saved.time_zone) == ("GULF", "UK", ["FRIDAY"], "Asia/Dubai")
    assert list(send(operator, reverse(f"admin:{CALENDAR}_add"), **NEW_CALENDAR).context["form"].errors) == ["code"]
    refused = send(operator, reverse(f"admin:{CALENDAR}_add"), **{**NEW_CALENDAR, "code": "HOUSE", "time_zone": "Atlantis"})
    assert list(refused.context["form"].errors) == ["time_zone"]
    send(operator, page_of(CALENDAR, saved.pk, "edit"), name="Gulf", base="CH")
    saved.refresh_from_db()
    assert (saved.name, saved.base, saved.weekend, saved.time_zone) == ("Gulf", "CH", [], "Europe/Zurich")


def test_the_pages_show_the_own_rows_and_no_others(operator: Client, day: CalendarDay, tenant_b: TenantRecord) -> None:
    calendar = save_calendar(code="GULF", name="Gulf desk", base="UK", actor=ADA)
    stranger = signed_in(tenant_b)
    for model, row in ((DAY, day), (CALENDAR, calendar)):
        assert str(row.pk) in html(operator, list_of(model))
        assert words(html(operator, page_of(model, row.pk)))
        assert str(row.pk) not in html(stranger, list_of(model))
        assert stranger.get(page_of(model, row.pk)).status_code == 302
