"""The portal's pages of configuration."""

from config_mgmt.admin import tenants

__all__ = ["tenants"]
