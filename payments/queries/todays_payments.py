"""What has been paid today, for the dashboard of a tenant."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from django.db import connection

from config_mgmt.settings_values import setting
from payment_engine.clock import now

MOST: Final = 100_000
# Bounded: a bank that makes more than this in a day has a report for it, and the page must not wait for the sum.
_SUMS: Final = """
SELECT status, currency, count(*), sum(amount_minor)
FROM (SELECT status, currency, amount_minor FROM transactions WHERE created_at >= %s ORDER BY created_at DESC, id DESC LIMIT %s) AS latest
GROUP BY status, currency ORDER BY status, currency"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSum:
    status: str
    currency: str
    count: int
    amount_minor: int


def sums_of_todays_payments() -> list[PaymentSum]:
    """Per status and currency, of the tenant in context since midnight on its own clock; of the newest 100,000 when there are more."""
    local = now().astimezone(setting("tenant.time_zone"))
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [datetime.combine(local.date(), time.min, tzinfo=local.tzinfo), MOST])
        rows = cursor.fetchall()
    return [PaymentSum(status=status, currency=currency, count=count, amount_minor=int(total)) for status, currency, count, total in rows]
