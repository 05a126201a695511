"""Configuration as versions."""

from config_mgmt.models.tenants import TenantChange
from config_mgmt.models.versions import ConfigVersion

__all__ = ["ConfigVersion", "TenantChange"]
