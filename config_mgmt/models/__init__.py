"""Configuration as versions."""

from config_mgmt.models.versions import ConfigVersion

__all__ = ["ConfigVersion"]
