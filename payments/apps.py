from collections.abc import Iterable

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payment types and payments"

    def public_words(self) -> Iterable[str]:
        """What every tenant is shown: the rails there are, and the codes of the calendars the engine keeps, whoever has days of its own."""
        from payments.calendars import KEPT_BY_CODE
        from payments.routes import RAILS

        return (*KEPT_BY_CODE, *RAILS)
