"""What a browser sends of the form of a payment type."""

from typing import Final

ADD: Final = "/admin/payments/paymenttype/add/"
NO_TIERS: Final = {"tiers-TOTAL_FORMS": "3", "tiers-INITIAL_FORMS": "0"}


def terms(**given: str) -> dict[str, str]:
    """The least that can be sent, and what is given."""
    return {
        "name": "SEPA",
        "fee_type": "FREE",
        "fee_payer": "DEBTOR",
        "rail": "internal",
        "is_synchronous": "on",
        **NO_TIERS,
        **given,
    }
