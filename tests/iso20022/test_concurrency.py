"""The same file from many at once, and two workers on one message: every transfer is booked once."""

import io
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Account
from iso20022.models import Message, MessageTransaction
from iso20022.operations import processing
from iso20022.operations.receiving import receive_pain001
from iso20022.operations.resume import resume_message, resume_messages
from payment_engine.clock import now
from payments.models import Payment
from payments.queries.verify import verify_tenant
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer

pytestmark = [pytest.mark.django_db(transaction=True)]


def at_once(tenant: TenantRecord, times: int, work: Callable[[int], object]) -> list[object]:
    def in_thread(number: int) -> object:
        try:
            with tenant_scope(tenant):
                return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(in_thread, range(times)))


@pytest.fixture
def creditor(in_tenant_a: TenantRecord) -> Account:
    make_payment_type()
    make_account(iban=DEBTOR_IBAN, funds_minor=1_000_00)
    return make_account(iban=CREDITOR_IBAN)


def test_the_same_file_twenty_times_at_once_is_booked_once(tenant_a: TenantRecord, creditor: Account) -> None:
    document = pain001(payment(*[transfer(f"E{index}", amount="1.00") for index in range(20)]))

    receipts = at_once(tenant_a, 20, lambda _: receive_pain001(io.BytesIO(document), created_by="client", correlation_id="").replayed)

    assert Counter(receipts) == {True: 19, False: 1}
    assert Message.objects.filter(direction="IN").count() == 1
    assert Payment.objects.count() == 20
    creditor.refresh_from_db()
    assert creditor.booked_minor == 20_00


def test_different_files_under_one_message_id_at_once_are_one_and_duplicates(tenant_a: TenantRecord, creditor: Account) -> None:
    def send(number: int) -> bool:
        document = pain001(payment(transfer(amount=f"{number + 1}.00")))
        return receive_pain001(io.BytesIO(document), created_by="client", correlation_id="").duplicate

    assert Counter(at_once(tenant_a, 8, send)) == {True: 7, False: 1}
    assert Payment.objects.count() == 1


def test_workers_on_one_message_take_turns(tenant_a: TenantRecord, creditor: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "CHUNK", 4)
    document = pain001(payment(*[transfer(f"E{index}", amount="1.00") for index in range(60)]))
    message = receive_pain001(io.BytesIO(document), created_by="client", correlation_id="", seconds=0.0).message
    assert message.processed == 4

    at_once(tenant_a, 4, lambda _: resume_message(message.id))

    message.refresh_from_db()
    assert (message.status, message.processed, message.accepted) == ("COMPLETED", 60, 60)
    assert MessageTransaction.objects.count() == Payment.objects.count() == 60
    assert Message.objects.filter(answers=message).count() == 1
    assert all(verdict.violation_count == 0 for verdict in verify_tenant())


def test_sweepers_share_the_messages_that_are_due(tenant_a: TenantRecord, creditor: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "CHUNK", 4)
    for number in range(3):
        document = pain001(payment(*[transfer(f"E{index}", amount="1.00") for index in range(12)]), message_id=f"M{number}")
        receive_pain001(io.BytesIO(document), created_by="client", correlation_id="", seconds=0.0)
    Message.objects.filter(direction="IN").update(next_attempt_at=now() - timedelta(seconds=1))

    done = at_once(tenant_a, 4, lambda _: resume_messages())

    assert sorted(done) == [0, 8, 8, 8]  # type: ignore[type-var]
    assert Payment.objects.count() == 36
    assert set(Message.objects.filter(direction="IN").values_list("status", flat=True)) == {"COMPLETED"}
