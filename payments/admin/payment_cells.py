"""How the parties and the way of a payment look, on its page and in every list of payments."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account
from accounts.panels import account_link, accounts_by_id
from payments.admin.payment_type_words import rail_name
from payments.models import Payment
from payments.states import PaymentStatus
from tenants.portal.cells import NOTHING

Accounts = Mapping[tuple[str, UUID], Account]
"""By tenant and id: of ids alone nobody knows whose they are where many tenants are on one page."""


def accounts_of(payments: Iterable[Payment]) -> Accounts:
    """The accounts of all these payments, read once per tenant among them."""
    ids: dict[str, set[UUID]] = {}
    for payment in payments:
        own = {key for key in (payment.debtor_account_id, payment.creditor_account_id) if key}
        ids.setdefault(payment.tenant_id, set()).update(own)
    return {(tenant, key): account for tenant, own in ids.items() for key, account in accounts_by_id(tenant, own).items()}


def debtor_cell(payment: Payment, accounts: Accounts) -> str:
    return account_link(accounts.get((payment.tenant_id, payment.debtor_account_id)))


def creditor_cell(payment: Payment, accounts: Accounts) -> str:
    """The account kept here, or the IBAN at another bank, which has no page to lead to."""
    if payment.creditor_account_id is None:
        return payment.creditor_iban or NOTHING
    return account_link(accounts.get((payment.tenant_id, payment.creditor_account_id)))


def parties_cell(payment: Payment, accounts: Accounts) -> SafeString:
    """From whom, and below to whom."""
    return format_html("{}<br>{}", debtor_cell(payment, accounts), creditor_cell(payment, accounts))


def rail_of(payment: Payment) -> str:
    """Which rail carries it or carried it; what was booked at once took none."""
    if payment.rail:
        return rail_name(payment.rail)
    return "Booked at once" if payment.status in {PaymentStatus.COMPLETED, PaymentStatus.REVERSED} else NOTHING
