from django.apps import AppConfig


class Iso20022Config(AppConfig):
    name = "iso20022"
    verbose_name = "ISO 20022 messages"

    def ready(self) -> None:
        from config_mgmt.obstacles import ask_before_closing
        from iso20022.queries.obstacles import messages_being_worked_on

        ask_before_closing(messages_being_worked_on)
