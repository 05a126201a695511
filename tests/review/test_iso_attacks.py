"""Files that a schema accepts and a careless reader does not: each is answered, with a verdict."""

import io
from typing import Any

import pytest
from django.test import Client

from iso20022.models import Message
from iso20022.operations.receiving import receive_pain001
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def _accounts(in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=10**17)
    make_account(iban=CREDITOR_IBAN)


def post_xml(tenant: TenantRecord, document: bytes) -> Any:
    return Client(raise_request_exception=False).generic(
        "POST",
        "/api/v1/iso20022/pain001",
        document,
        content_type="application/xml",
        headers={"Authorization": f"Bearer {Api(tenant).token}"},
    )


def received(document: bytes) -> Message:
    return receive_pain001(io.BytesIO(document), created_by="client", correlation_id="c-1").message


@pytest.mark.parametrize("document", [b"<x/>", b"<x></x>", b"<x/> <y/>", b"", b" ", b"<!-- -->", b"<x"])
def test_the_shortest_files_are_answered(in_tenant_a: TenantRecord, document: bytes) -> None:
    assert post_xml(in_tenant_a, document).status_code in {200, 400, 415}


@pytest.mark.usefixtures("_accounts")
@pytest.mark.parametrize(
    ("amount", "status"),
    [
        ("0" * 5_000 + "1.00", "ACSC"),
        ("0" * 100_000 + "1", "ACSC"),
        ("+5.00", "ACSC"),
        ("5.", "ACSC"),
        (".5", "ACSC"),
        (" 5.00 ", "ACSC"),
        ("-0.00", "RJCT"),
        ("5.00000", "RJCT"),
        ("999999999999999999", "RJCT"),
    ],
    ids=lambda value: value[:12],
)
def test_amounts_as_xml_schema_writes_them(in_tenant_a: TenantRecord, amount: str, status: str) -> None:
    answer = post_xml(in_tenant_a, pain001(payment(transfer("E1", amount=amount))))
    assert (answer.status_code, answer.json().get("groupStatus")) == (200, status)


@pytest.mark.usefixtures("_accounts")
@pytest.mark.parametrize(
    "counts",
    [
        "<NbOfTxs>000000000000001</NbOfTxs>",
        f"<CtrlSum>{'0' * 5_000}10</CtrlSum>",
        "<CtrlSum>+10.</CtrlSum>",
        "<CtrlSum>10.00000000000000000</CtrlSum>",
    ],
    ids=lambda value: value[:24],
)
def test_counts_as_xml_schema_writes_them(counts: str) -> None:
    assert received(pain001(payment(transfer("E1"), counts=counts))).group_status == "ACSC"


@pytest.mark.usefixtures("_accounts")
@pytest.mark.parametrize(
    "requested",
    [
        "<Dt>2026-11-24Z</Dt>",
        "<Dt>-0001-01-01</Dt>",
        "<Dt>12026-11-24</Dt>",
        "<Dt>0001-01-01</Dt>",
        "<Dt>9999-12-31</Dt>",
        "<DtTm>2026-11-24T24:00:00</DtTm>",
        "<DtTm>9999-12-31T23:59:59-14:00</DtTm>",
    ],
)
def test_dates_as_xml_schema_writes_them(requested: str) -> None:
    assert received(pain001(payment(transfer("E1"), requested=requested))).is_final
