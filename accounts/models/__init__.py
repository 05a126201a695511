"""Customers, accounts, and the ledger's journals and postings."""

from accounts.models.accounts import Account
from accounts.models.customers import Customer
from accounts.models.holds import Hold
from accounts.models.ledger import BalanceDelta, Journal, Posting

__all__ = ["Account", "BalanceDelta", "Customer", "Hold", "Journal", "Posting"]
