from collections.abc import Iterable

from django.apps import AppConfig


class ConfigManagementConfig(AppConfig):
    name = "config_mgmt"
    verbose_name = "Configuration"

    def public_words(self) -> Iterable[str]:
        """What every tenant is shown, whoever has set it: the keys of declared settings."""
        from config_mgmt.settings_catalogue import BY_KEY

        return BY_KEY
