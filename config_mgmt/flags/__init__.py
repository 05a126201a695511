"""Feature flags in code: `flags.is_active("new-fees", unit=customer_id, channel="api")`. A flag nobody has set is off."""

from config_mgmt.flags.current import flag, is_active, variant

__all__ = ["flag", "is_active", "variant"]
