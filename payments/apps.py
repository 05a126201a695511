from collections.abc import Iterable

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payment types and payments"

    def public_words(self) -> Iterable[str]:
        """What every tenant is shown, whichever of them uses it: rails, time zones, the codes of the calendars the engine keeps."""
        from payments.calendars import KEPT_BY_CODE
        from payments.routes import RAILS
        from payments.value_dates import time_zone_names

        return (*KEPT_BY_CODE, *RAILS, *time_zone_names())
