"""To be included at `api/v1/`."""

from django.urls import path

from payments.api import calendars, decisions, payment_types, transactions, value_dates

_CALENDARS = "config/tenants/<str:tenant_id>/calendars"
_PAYMENT_TYPES = "config/tenants/<str:tenant_id>/payment-types"
_PAYMENT_TYPE = f"{_PAYMENT_TYPES}/<str:code>"

urlpatterns = [
    path("transactions", transactions.transactions, name="transactions"),
    path("transactions/<str:transaction_id>", transactions.transaction, name="transaction"),
    path("transactions/<str:transaction_id>/approve", decisions.approval, name="transaction-approve"),
    path("transactions/<str:transaction_id>/reject", decisions.rejection, name="transaction-reject"),
    path("transactions/<str:transaction_id>/cancel", decisions.cancellation, name="transaction-cancel"),
    path("transactions/<str:transaction_id>/reverse", transactions.reverse, name="transaction-reverse"),
    path("value-date", value_dates.value_date_view, name="value-date"),
    path(_CALENDARS, calendars.calendars, name="calendars"),
    path(f"{_CALENDARS}/<str:calendar_code>", calendars.calendar, name="calendar"),
    path(f"{_CALENDARS}/<str:calendar_code>/days", calendars.days, name="calendar-days"),
    path(f"{_CALENDARS}/<str:calendar_code>/days/<str:day>", calendars.day, name="calendar-day"),
    path(_PAYMENT_TYPES, payment_types.payment_types, name="payment-types"),
    path(_PAYMENT_TYPE, payment_types.payment_type, name="payment-type"),
    path(f"{_PAYMENT_TYPE}/versions", payment_types.payment_type_versions, name="payment-type-versions"),
    path(f"{_PAYMENT_TYPE}/diff", payment_types.payment_type_comparison, name="payment-type-diff"),
    path(f"{_PAYMENT_TYPE}/activate", payment_types.payment_type_activate, name="payment-type-activate"),
    path(f"{_PAYMENT_TYPE}/retire", payment_types.payment_type_retire, name="payment-type-retire"),
    path(f"{_PAYMENT_TYPE}/rollback", payment_types.payment_type_rollback, name="payment-type-rollback"),
]
