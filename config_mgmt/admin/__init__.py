"""The portal's pages of configuration: settings, feature flags, rate limits, the changes that wait, and the defaults of tiers."""

from config_mgmt.admin import tenants, tiers, versions

__all__ = ["tenants", "tiers", "versions"]
