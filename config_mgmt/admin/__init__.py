"""The portal's pages of configuration: settings, feature flags, rate limits, and the changes that wait."""

from config_mgmt.admin import tenants, versions

__all__ = ["tenants", "versions"]
