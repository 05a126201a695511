"""The portal's pages of payments and payment types."""

from payments.admin import payment_types, payments

__all__ = ["payment_types", "payments"]
