"""Calendars in the portal: the days on which a tenant departs from them, and the calendars of its own."""

from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config_mgmt.admin.request import actor_of
from payment_engine.api.errors import StaleVersion
from payment_engine.errors import Conflict
from payments.calendars import KEPT_CALENDARS
from payments.models import CalendarDay, TenantCalendar
from payments.operations.calendars import add_calendar_day, remove_calendar_day, save_calendar, save_calendar_day
from payments.queries.calendars import current_calendars
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import NOTHING, Column, Panel, badge, moment
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin, may_change

_EFFECTS: Final = [("closed", "No business day"), ("open", "Business day")]
_NAME_LENGTH: Final = 140
_COUNTRIES: Final = {"TARGET2": "Euro area", "US_FED": "United States", "UK": "England and Wales", "CH": "Switzerland"}


def _unchanged_since(seen: str) -> Callable[[CalendarDay | TenantCalendar | None], None]:
    """A precondition: nobody has changed the row after this page had read it."""

    def check(current: CalendarDay | TenantCalendar | None) -> None:
        if current is None or current.changed_at.isoformat() != seen:
            raise StaleVersion("this was changed by somebody else since you opened the page")

    return check


def _is_new(current: TenantCalendar | None) -> None:
    if current is not None:
        raise Conflict("there is a calendar with this code already")


class SeenForm(OperationForm):
    """Sent back with what the page had read: when the row was changed last."""

    seen = forms.CharField(widget=forms.HiddenInput())


class _DateInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # django-unfold ships no types
    input_type = "date"


class DayForm(OperationForm):
    effect = forms.ChoiceField(choices=_EFFECTS, label="This day is a", widget=UnfoldAdminSelectWidget())
    name = forms.CharField(
        max_length=_NAME_LENGTH, widget=UnfoldAdminTextInputWidget(), help_text="Why; shown in the reasons of a value date"
    )
    reason = forms.CharField(
        required=False, max_length=500, label="Reason for the change", widget=UnfoldAdminTextInputWidget(), help_text="For the audit trail"
    )

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {"is_business_day": cleaned["effect"] == "open", "name": cleaned["name"], "reason": cleaned["reason"]}


class EditDayForm(DayForm, SeenForm):
    pass


class NewDayForm(DayForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"calendar_day_exists": "date"}

    calendar = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    date = forms.DateField(widget=_DateInput())
    field_order = ("calendar", "date", "effect", "name", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        calendars = {calendar.code: calendar for calendar in current_calendars().values()}
        field = cast("forms.ChoiceField", self.fields["calendar"])
        field.choices = [(code, f"{code}: {calendar.name}") for code, calendar in calendars.items()]


@admin.register(CalendarDay)
class CalendarDayAdmin(ReadOnlyTenantModelAdmin[CalendarDay]):
    id_prefix = "cal"
    nothing_yet = "No day departs from its calendar."
    list_display = ("date", "calendar", "effect", "name", "changed_by", "changed")
    list_filter = ("calendar", "is_business_day")
    search_help_text = "Calendar or a part of the name"
    newest_first = ("-date", "-id")
    fieldsets = ((None, {"fields": (("calendar", "date"), ("effect", "name"), ("changed_by", "changed"))}),)
    readonly_fields = ("effect", "changed")
    actions_detail = ("edit", "remove")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_change(request) and request.user.has_perm("payments.add_calendarday")

    def matching(self, term: str) -> Q:
        return Q(calendar=term.upper()) | Q(name__icontains=term)

    @admin.display(description="Is a")
    def effect(self, day: CalendarDay) -> SafeString:
        return badge("OPEN", "Business day") if day.is_business_day else badge("CLOSED", "No business day")

    @admin.display(description="Changed")
    def changed(self, day: CalendarDay) -> str:
        return moment(day.changed_at)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewDayForm(request.POST or None)

        def run(given: dict[str, Any]) -> HttpResponse:
            day = add_calendar_day(calendar=given["calendar"], day=given["date"], actor=actor_of(request), **form.values())
            self.log_addition(request, day, "Added.")
            return done(request, f"Payments follow {day} from now on.", self.change_url(day))

        return operation_page(request, self, form=form, title="Depart from a calendar on a day", button="Save", run=run)

    @button("Edit", icon="edit", kind=Kind.PRIMARY)
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        day = self._day(request, object_id)
        initial = {"effect": "open" if day.is_business_day else "closed", "name": day.name, "seen": day.changed_at.isoformat()}
        form = EditDayForm(request.POST or None, initial=initial)

        def run(given: dict[str, Any]) -> HttpResponse:
            check = _unchanged_since(given["seen"])
            saved = save_calendar_day(calendar=day.calendar, day=day.date, actor=actor_of(request), precondition=check, **form.values())
            self.log_change(request, saved, "Changed.")
            return done(request, f"Payments follow {saved} from now on.", self.change_url(saved))

        return operation_page(request, self, form=form, title=f"Edit {day}", button="Save", run=run, record=day)

    @button("Remove", icon="undo", kind=Kind.DANGER)
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        day = self._day(request, object_id)
        form = SeenForm(request.POST or None, initial={"seen": day.changed_at.isoformat()})

        def run(given: dict[str, Any]) -> HttpResponse:
            check = _unchanged_since(given["seen"])
            remove_calendar_day(calendar=day.calendar, day=day.date, actor=actor_of(request), precondition=check)
            self.log_change(request, day, "Removed.")
            return done(request, f"{day} follows its calendar again.", self.changelist_url)

        sentence = f"{day.calendar} itself says again whether {day.date} is a business day; payments from now on follow it."
        return operation_page(
            request, self, form=form, title=f"Remove {day}", button="Remove", run=run, record=day, explanation=sentence, dangerous=True
        )

    def _day(self, request: HttpRequest, object_id: str) -> CalendarDay:
        day: CalendarDay | None = self.get_object(request, object_id)
        if day is None:
            raise Http404
        return day


class CalendarForm(OperationForm):
    name = forms.CharField(max_length=_NAME_LENGTH, widget=UnfoldAdminTextInputWidget())
    base = forms.ChoiceField(
        choices=[(kept.code, f"{kept.code}: {kept.name}") for kept in KEPT_CALENDARS],
        label="Holidays of",
        widget=UnfoldAdminSelectWidget(),
    )
    weekend = forms.MultipleChoiceField(
        required=False, choices=TenantCalendar.Weekday.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    time_zone = forms.CharField(
        required=False, max_length=64, widget=UnfoldAdminTextInputWidget(), help_text="IANA name, such as Asia/Dubai; empty: the base's"
    )
    reason = forms.CharField(
        required=False, max_length=500, label="Reason for the change", widget=UnfoldAdminTextInputWidget(), help_text="For the audit trail"
    )

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {**{name: cleaned[name] for name in ("name", "base", "weekend", "reason")}, "time_zone": cleaned["time_zone"] or None}


class EditCalendarForm(CalendarForm, SeenForm):
    pass


class NewCalendarForm(CalendarForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"calendar_kept": "code", "conflict": "code"}

    code = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(), help_text="What payment types name, such as GULF")
    field_order = ("code",)


@admin.register(TenantCalendar)
class TenantCalendarAdmin(ReadOnlyTenantModelAdmin[TenantCalendar]):
    id_prefix = "cal"
    nothing_yet = "No calendars of the tenant's own. Payment types name those that are built in."
    list_before_template = "portal/payments/kept_calendars.html"
    list_display = ("code", "name", "base", "days_off", "time_zone", "changed_by", "changed")
    search_help_text = "Code or a part of the name"
    newest_first = ("code", "-id")
    fieldsets = ((None, {"fields": (("code", "name"), ("base", "days_off", "time_zone"), ("changed_by", "changed"))}),)
    readonly_fields = ("days_off", "changed")
    actions_detail = ("edit",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_change(request) and request.user.has_perm("payments.add_tenantcalendar")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, {"panels": [_kept_panel()], **(extra_context or {})})
        return answer

    def matching(self, term: str) -> Q:
        return Q(code=term.upper()) | Q(name__icontains=term)

    @admin.display(description="Weekend")
    def days_off(self, calendar: TenantCalendar) -> str:
        return ", ".join(str(TenantCalendar.Weekday(day).label) for day in calendar.weekend) or "none"

    @admin.display(description="Changed")
    def changed(self, calendar: TenantCalendar) -> str:
        return moment(calendar.changed_at)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewCalendarForm(request.POST or None, initial={"weekend": ["SATURDAY", "SUNDAY"]})

        def run(given: dict[str, Any]) -> HttpResponse:
            calendar = save_calendar(code=given["code"], actor=actor_of(request), precondition=_is_new, **form.values())
            self.log_addition(request, calendar, "Added.")
            return done(request, f"Payment types may name {calendar} now.", self.change_url(calendar))

        return operation_page(request, self, form=form, title="Add a calendar", button="Save", run=run)

    @button("Edit", icon="edit", kind=Kind.PRIMARY)
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        calendar: TenantCalendar | None = self.get_object(request, object_id)
        if calendar is None:
            raise Http404
        code = calendar.code
        facts = {name: getattr(calendar, name) for name in ("name", "base", "weekend", "time_zone")}
        form = EditCalendarForm(request.POST or None, initial={**facts, "seen": calendar.changed_at.isoformat()})

        def run(given: dict[str, Any]) -> HttpResponse:
            saved = save_calendar(code=code, actor=actor_of(request), precondition=_unchanged_since(given["seen"]), **form.values())
            self.log_change(request, saved, "Changed.")
            return done(request, f"Payments follow {saved} from now on.", self.change_url(saved))

        return operation_page(request, self, form=form, title=f"Edit {code}", button="Save", run=run, record=calendar)


def _kept_panel() -> Panel:
    """Those that every tenant has."""
    return Panel(
        title="Built in",
        columns=tuple(Column(heading=heading) for heading in ("Code", "Name", "Also called", "Country", "Time zone")),
        rows=[
            (kept.code, kept.name, ", ".join(kept.aliases) or NOTHING, _COUNTRIES.get(kept.code, NOTHING), kept.time_zone)
            for kept in KEPT_CALENDARS
        ],
        empty="",
    )
