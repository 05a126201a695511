"""The portal's pages of payments and payment types."""

from payments.admin import calendars, payment_types, payments

__all__ = ["calendars", "payment_types", "payments"]
