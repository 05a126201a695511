"""Where a tenant departs from the calendars that are kept for all: single days, and calendars of its own."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.models.base import TenantModel


class TenantCalendar(TenantModel):
    """A calendar of the tenant's own: the holidays of a kept one, with another weekend, time zone or days of its own."""

    class Weekday(models.TextChoices):
        MONDAY = "MONDAY", "Monday"
        TUESDAY = "TUESDAY", "Tuesday"
        WEDNESDAY = "WEDNESDAY", "Wednesday"
        THURSDAY = "THURSDAY", "Thursday"
        FRIDAY = "FRIDAY", "Friday"
        SATURDAY = "SATURDAY", "Saturday"
        SUNDAY = "SUNDAY", "Sunday"

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=140)
    base = models.CharField(max_length=40, help_text="Code of the kept calendar whose holidays it observes")
    weekend = ArrayField(models.CharField(max_length=9, choices=Weekday.choices), default=list, blank=True)
    time_zone = models.CharField(max_length=64)
    changed_by = models.TextField(help_text="Client or user that changed it last")
    changed_by_person = models.TextField(help_text="The person behind that client or user")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tenant_calendars"
        verbose_name = "calendar"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="tenant_calendar_unique_per_tenant"),
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z][A-Z0-9_]*$"), name="tenant_calendar_code_well_formed"),
            models.CheckConstraint(condition=Q(weekend__len__lt=7), name="tenant_calendar_has_business_days"),
        ]

    def __str__(self) -> str:
        return self.code


class CalendarDay(TenantModel):
    """One day on which the tenant departs from a calendar, kept or its own."""

    calendar = models.CharField(max_length=40, help_text="Code of the calendar")
    date = models.DateField()
    is_business_day = models.BooleanField(default=False)
    name = models.CharField(max_length=140, help_text="Why: shown in the reasons of a value date")
    changed_by = models.TextField(help_text="Client or user that changed it last")
    changed_by_person = models.TextField(help_text="The person behind that client or user")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "calendar_days"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "calendar", "date"], name="calendar_day_unique_per_tenant")]

    def __str__(self) -> str:
        return f"{self.calendar} {self.date}"
