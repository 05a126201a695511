from django.apps import AppConfig


class DevserverConfig(AppConfig):
    name = "payment_engine.devserver"
    label = "devserver"
    verbose_name = "Development server"
