from collections.abc import Iterable

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payment types and payments"

    def public_words(self) -> Iterable[str]:
        """What every tenant is shown, whoever keeps days of its own in it: the codes of the calendars the engine keeps."""
        from payments.calendars import KEPT_BY_CODE

        return KEPT_BY_CODE
