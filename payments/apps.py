from collections.abc import Iterable

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payment types and payments"

    def ready(self) -> None:
        from config_mgmt.obstacles import ask_before_closing
        from payments.queries.obstacles import payments_under_way

        ask_before_closing(payments_under_way)

    def public_words(self) -> Iterable[str]:
        """What every tenant is shown, whichever of them uses it: rails, time zones, the codes of the calendars the engine keeps."""
        from payments.calendars import KEPT_BY_CODE
        from payments.routes import RAILS
        from payments.value_dates import time_zone_names

        return (*KEPT_BY_CODE, *RAILS, *time_zone_names())
