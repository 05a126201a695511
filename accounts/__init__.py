"""Customers, accounts and the ledger."""
