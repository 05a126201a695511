"""Customers, accounts, the ledger, balances and statements."""
