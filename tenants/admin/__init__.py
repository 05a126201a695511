"""The registry's pages, for platform staff only: tenants, placements, API clients, staff."""

from tenants.admin import clients, staff, tenants

__all__ = ["clients", "staff", "tenants"]
