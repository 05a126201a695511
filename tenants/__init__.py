"""Tenants, placements, row-level security, tenant context, API clients and staff."""
