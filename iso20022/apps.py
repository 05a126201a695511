from django.apps import AppConfig


class Iso20022Config(AppConfig):
    name = "iso20022"
    verbose_name = "ISO 20022 messages"
