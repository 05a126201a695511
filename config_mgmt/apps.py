from django.apps import AppConfig


class ConfigManagementConfig(AppConfig):
    name = "config_mgmt"
    verbose_name = "Configuration"
