"""Tenants from the command line: onboarding in steps that can be repeated, the inventory, closing with an archive."""
