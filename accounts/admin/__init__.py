"""The portal's pages of customers, accounts and journals."""

from accounts.admin import accounts, customers, journals

__all__ = ["accounts", "customers", "journals"]
