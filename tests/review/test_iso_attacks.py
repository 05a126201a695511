"""Files that a schema accepts and a careless reader does not."""

import io
from collections import Counter

import pytest

from iso20022.operations.receiving import receive_pain001
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "amount", ["0" * 5000 + "1.00", "+5.00", "5.", ".5", "-0.00", " 5.00 ", "\n5\n", "0" * 100_000 + "1", "5.00000", "999999999999999999", "9999999999999999"]
)
def test_amounts_as_xml_schema_writes_them(in_tenant_a: TenantRecord, amount: str) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=10**17)
    make_account(iban=CREDITOR_IBAN)
    api = Api(in_tenant_a)
    answer = api.send("POST", "/iso20022/pain001", pain001(payment(transfer("E1", amount=amount))), content_type="application/xml")
    answer = api._client.generic("POST", "/api/v1/iso20022/pain001", pain001(payment(transfer("E1", amount=amount))), content_type="application/xml", headers={"Authorization": f"Bearer {api.token}"})
    assert answer.status_code == 200, answer.content[:300]
    print(amount[:20], answer.json()["groupStatus"], [f["code"] for f in answer.json()["findings"]])


@pytest.mark.parametrize("counts", ["<NbOfTxs>000000000000001</NbOfTxs>", "<CtrlSum>%s10</CtrlSum>" % ("0" * 5000), "<CtrlSum>+10.</CtrlSum>", "<CtrlSum>-0</CtrlSum>", "<CtrlSum>10.00000000000000000</CtrlSum>"])
def test_counts_as_xml_schema_writes_them(in_tenant_a: TenantRecord, counts: str) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=10**17)
    make_account(iban=CREDITOR_IBAN)
    receipt = receive_pain001(io.BytesIO(pain001(payment(transfer("E1"), counts=counts))), created_by="c", correlation_id="c")
    assert receipt.message.is_final
    print(counts[:30], receipt.message.group_status, receipt.message.findings)


@pytest.mark.parametrize("requested", ["<Dt>2026-11-24Z</Dt>", "<Dt>2026-11-24+14:00</Dt>", "<Dt>-0001-01-01</Dt>", "<Dt>12026-11-24</Dt>", "<Dt>0001-01-01</Dt>", "<Dt>9999-12-31</Dt>", "<DtTm>2026-11-24T24:00:00</DtTm>", "<DtTm>9999-12-31T23:59:59-14:00</DtTm>"])
def test_dates_as_xml_schema_writes_them(in_tenant_a: TenantRecord, requested: str) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=10**17)
    make_account(iban=CREDITOR_IBAN)
    receipt = receive_pain001(io.BytesIO(pain001(payment(transfer("E1"), requested=requested))), created_by="c", correlation_id="c")
    assert receipt.message.is_final
    print(requested, receipt.message.group_status, Counter(f["code"] for f in receipt.message.findings))
