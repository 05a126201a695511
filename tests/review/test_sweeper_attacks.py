"""The sweeper meets messages it can not finish."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from iso20022.models import Message
from iso20022.operations.documents import keep_document
from payment_engine.clock import now
from payment_engine.sweeper.work import sweep_once
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<x/>",
        pain001(message_id=""),
        pain001(payment(transfer("E1"), transfer("E2"))),
        pain001(number=3),
        b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>",
        pain001(payment(transfer("E1", amount="-1"))),
    ],
)
def test_message_that_can_not_be_finished(in_tenant_a: TenantRecord, document: bytes) -> None:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=10**6)
    make_account(iban=CREDITOR_IBAN)
    message = Message.objects.create(
        direction="IN",
        family="pain001",
        message_type="pain.001.001.09",
        original_message_id="M1",
        initiating_party="|Acme",
        document_sha256=b"0" * 32,
        size_bytes=len(document),
        status="PROCESSING",
        group_status="PDNG",
        claims_message_id=True,
        total=1,
        next_attempt_at=now() - timedelta(seconds=1),
    )
    keep_document(message, io.BytesIO(document))
    sweep_once()
    message.refresh_from_db()
    assert message.next_attempt_at is None or message.next_attempt_at > now()


@pytest.mark.parametrize("interval", ["0", "-1"])
def test_a_sweeper_that_never_rests_is_refused(interval: str) -> None:
    with pytest.raises(CommandError, match="more than 0 seconds"):
        call_command("sweep", "--interval", interval, "--once")
