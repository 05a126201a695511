"""A tenant's own days and calendars: what they change, for whom, and what they leave behind."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, transaction

from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.errors import Conflict, ValidationFailed
from payments.errors import CalendarDayExists, CalendarDayUnknown, CalendarKept, CalendarUnknown
from payments.models import CalendarDay, TenantCalendar
from payments.operations.calendars import add_calendar_day, remove_calendar_day, save_calendar, save_calendar_day
from payments.queries.calendars import current_calendars, find_calendar, value_date_rule
from tenants import registry
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db
ADA = Actor(name="ada-client", person="ada")
WEDNESDAY = date(2026, 6, 10)


def close(day: date = WEDNESDAY, calendar: str = "TARGET2", name: str = "Move to the new core") -> CalendarDay:
    return save_calendar_day(calendar=calendar, day=day, is_business_day=False, name=name, actor=ADA, reason="ticket 7")


def value_date_on(day: date, calendar: str = "TARGET2") -> date:
    rule = value_date_rule(cut_off=time(15), time_zone="", calendar=calendar)
    return rule.value_date(datetime.combine(day, time(9), UTC)).date


def test_a_closed_day_moves_the_value_date_of_this_tenant_only(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    close()
    assert value_date_on(WEDNESDAY) == date(2026, 6, 11)
    assert value_date_on(WEDNESDAY, "UK") == WEDNESDAY
    with tenant_scope(tenant_b):
        assert value_date_on(WEDNESDAY) == WEDNESDAY
        assert not CalendarDay.objects.exists()
        with pytest.raises(CalendarDayUnknown):
            remove_calendar_day(calendar="TARGET2", day=WEDNESDAY, actor=ADA)


def test_an_opened_holiday_is_a_business_day(in_tenant_a: TenantRecord) -> None:
    good_friday = date(2026, 4, 3)
    save_calendar_day(calendar="T2", day=good_friday, is_business_day=True, name="Open for customers", actor=ADA)
    assert value_date_on(good_friday) == good_friday


def test_an_alias_is_the_calendar_itself(in_tenant_a: TenantRecord) -> None:
    assert close(calendar="T2").calendar == "TARGET2"
    assert find_calendar("TARGET").own_days == find_calendar("TARGET2").own_days != {}


def test_a_day_that_is_removed_follows_the_calendar_again(in_tenant_a: TenantRecord) -> None:
    close()
    remove_calendar_day(calendar="TARGET2", day=WEDNESDAY, actor=ADA)
    assert value_date_on(WEDNESDAY) == WEDNESDAY


def test_every_change_is_told_with_both_its_sides(in_tenant_a: TenantRecord) -> None:
    close()
    close(name="Move, second attempt")
    close(name="Move, second attempt")
    remove_calendar_day(calendar="TARGET2", day=WEDNESDAY, actor=ADA, reason="done")
    events = list(OutboxEvent.objects.filter(topic="config.changed").order_by("id").values_list("payload", flat=True))
    first = {"businessDay": False, "name": "Move to the new core"}
    second = {"businessDay": False, "name": "Move, second attempt"}
    assert [(event["oldValue"], event["value"]) for event in events] == [(None, first), (first, second), (second, None)]
    about = {"kind": "CALENDAR_DAY", "key": "TARGET2/2026-06-10", "changedBy": "ada-client", "changedByPerson": "ada", "reason": "ticket 7"}
    assert about.items() <= events[0].items()


@pytest.mark.django_db(transaction=True)  # a transaction moves the revision once
def test_each_change_moves_the_configuration_revision(in_tenant_a: TenantRecord) -> None:
    revisions = [registry.config_revision_of(in_tenant_a.slug)]
    for change in (close, lambda: close(name="Other"), lambda: remove_calendar_day(calendar="TARGET2", day=WEDNESDAY, actor=ADA)):
        change()
        revisions.append(registry.config_revision_of(in_tenant_a.slug))
    save_calendar(code="HOUSE", name="House", base="UK", actor=ADA)
    assert revisions == sorted(set(revisions))
    assert registry.config_revision_of(in_tenant_a.slug) > revisions[-1]


def test_a_day_is_added_once(in_tenant_a: TenantRecord) -> None:
    close()
    with pytest.raises(CalendarDayExists):
        add_calendar_day(calendar="TARGET2", day=WEDNESDAY, is_business_day=True, name="Open", actor=ADA)
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarDay.objects.create(calendar="TARGET2", date=WEDNESDAY, name="Twin", changed_by="x", changed_by_person="x")


@pytest.mark.parametrize(("day", "name"), [(date(2011, 12, 31), "Old"), (date(2100, 1, 1), "Far"), (WEDNESDAY, ""), (WEDNESDAY, "x" * 141)])
def test_days_out_of_reach_and_names_that_are_none_are_refused(in_tenant_a: TenantRecord, day: date, name: str) -> None:
    with pytest.raises(ValidationFailed):
        close(day, name=name)
    assert not CalendarDay.objects.exists()


def test_an_unknown_calendar_is_answered_with_those_like_it(in_tenant_a: TenantRecord) -> None:
    with pytest.raises(CalendarUnknown, match="did you mean TARGET or TARGET2"):
        close(calendar="TARGET3")
    with pytest.raises(CalendarUnknown, match="EVERY_DAY"):
        find_calendar("#")


def test_a_calendar_of_the_tenants_own(in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    save_calendar(code="GULF", name="Gulf desk", base="UK", weekend=["SUNDAY", "FRIDAY", "SATURDAY"], time_zone="Asia/Dubai", actor=ADA)
    saved = TenantCalendar.objects.get()
    assert (saved.weekend, saved.time_zone, saved.changed_by_person) == (["FRIDAY", "SATURDAY", "SUNDAY"], "Asia/Dubai", "ada")
    close(calendar="GULF", day=date(2026, 4, 7))
    assert value_date_on(date(2026, 4, 2), "GULF") == date(2026, 4, 2)
    assert value_date_on(date(2026, 4, 3), "GULF") == date(2026, 4, 8)  # weekend, Easter Monday of the UK, a day of its own
    with tenant_scope(tenant_b), pytest.raises(CalendarUnknown):
        find_calendar("GULF")


def test_a_calendar_takes_weekend_and_zone_of_its_base(in_tenant_a: TenantRecord) -> None:
    first = save_calendar(code="HOUSE", name="House", base="CH", actor=ADA)
    assert (first.weekend, first.time_zone) == (["SATURDAY", "SUNDAY"], "Europe/Zurich")
    assert save_calendar(code="HOUSE", name="House", base="CH", actor=ADA).pk == first.pk
    assert OutboxEvent.objects.count() == 1
    save_calendar(code="HOUSE", name="House", base="UK", actor=ADA)
    assert current_calendars()["HOUSE"].base == "UK"


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"code": "house"}, "/code"),
        ({"base": "MARS"}, "/base"),
        ({"base": "HOUSE"}, "/base"),
        ({"weekend": ["SUNDAI"]}, "/weekend"),
        ({"weekend": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]}, "/weekend"),
        ({"time_zone": "Europe/Atlantis"}, "/timeZone"),
        ({"name": ""}, "/name"),
    ],
)
def test_what_can_be_no_calendar_is_refused_at_its_pointer(in_tenant_a: TenantRecord, values: dict[str, object], pointer: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        save_calendar(**{"code": "HOUSE", "name": "House", "base": "UK", "actor": ADA, **values})  # type: ignore[arg-type]
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize("code", ["TARGET2", "FEDWIRE"])
def test_a_kept_calendar_is_not_changed(in_tenant_a: TenantRecord, code: str) -> None:
    with pytest.raises(CalendarKept):
        save_calendar(code=code, name="Mine", base="UK", actor=ADA)
    assert issubclass(CalendarKept, Conflict)
