"""The two accounts most files are about."""

import pytest

from accounts.models import Account
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN


@pytest.fixture
def debtor(in_tenant_a: TenantRecord) -> Account:
    """Holds 100.00; what it pays to another bank leaves over the simulator."""
    make_payment_type(rail_fallbacks=["simulator"])
    return make_account(iban=DEBTOR_IBAN, funds_minor=100_00)


@pytest.fixture
def creditor(in_tenant_a: TenantRecord) -> Account:
    return make_account(iban=CREDITOR_IBAN)
